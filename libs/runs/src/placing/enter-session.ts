import {
  GatewayError,
  LIMITS,
  type LastTurn,
  type SessionRef,
  type SessionTurns,
  type StoredSessions,
  type TurnEntry,
  type TurnRequest,
} from '#libs/contract';
import { setTimeout as sleep } from 'node:timers/promises';

const OPENING_POLL_MS = 5;
const FULL_RETRY_SECONDS = 5;

export interface SessionPorts {
  readonly sessionTurns: SessionTurns;
  readonly sessions: Pick<StoredSessions, 'session'>;
}

/** The place of a run in its session. */
export interface SessionSpot {
  /** The run that this one continues. */
  readonly parentId?: string;
  /** Later than the time of every turn before it (ms since the epoch). */
  readonly createdAt: number;
}

/**
 * Takes the run's turn in its session, after every run that came before, on any replica. The turn is taken when this
 * resolves: then open the run, or leave the session. Throws GatewayError `session_busy` when the session has a turn and
 * `whenBusy` is reject, `session_queue_full`, `unavailable` when only the store knows the session and cannot be
 * reached, and `queue_unavailable`.
 */
export async function enterSession(
  { sessionTurns, sessions }: SessionPorts,
  asked: Pick<TurnRequest, 'session' | 'runId' | 'whenBusy'>,
): Promise<SessionSpot> {
  const deadline = Date.now() + 2 * LIMITS.sessionTurnOpeningMsMax;
  const request = { ...asked, waitingMax: LIMITS.sessionTurnsWaitingMax };
  let last: LastTurn | null | undefined;
  let away: unknown;
  for (;;) {
    const entry = await sessionTurns.enter(last === undefined ? request : { ...request, last });
    if (entry.kind === 'entered') return entry;
    if (entry.kind === 'unknown' && away !== undefined) throw away;
    if (entry.kind === 'unknown') {
      // If the store is away, another request may have reached it in the meantime, so Redis is asked once more.
      last = await lastStored(sessions, asked.session).catch((cause: unknown) => ((away = cause), undefined));
    } else if (entry.kind === 'opening' && Date.now() < deadline) await sleep(OPENING_POLL_MS * (1 + Math.random()));
    else throw refusal(entry);
  }
}

/** null: the store does not know the session either, so this is its first turn. */
async function lastStored(sessions: SessionPorts['sessions'], session: SessionRef): Promise<LastTurn | null> {
  const record = await sessions.session(session);
  return record?.lastRunId === undefined ? null : { runId: record.lastRunId, createdAt: record.lastRunAt };
}

function refusal({ kind }: TurnEntry): GatewayError {
  switch (kind) {
    case 'busy':
      return new GatewayError('session_busy', 'The session is busy with another turn.', { param: 'X-Session-Id' });
    case 'full':
      return new GatewayError('session_queue_full', 'Too many turns are waiting in this session.', {
        param: 'X-Session-Id',
        retryAfterSeconds: FULL_RETRY_SECONDS,
      });
    default:
      return new GatewayError('unavailable', 'The session could not be entered. Try again shortly.', {
        retryAfterSeconds: 1,
      });
  }
}
