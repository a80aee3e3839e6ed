import { withDeadline } from '#libs/bus';
import {
  GatewayError,
  type LastTurn,
  LIMITS,
  type SessionRecord,
  type SessionRef,
  type SessionTurns,
  type TurnEntry,
} from '#libs/contract';
import { setTimeout as sleep } from 'node:timers/promises';

const OPENING_POLL_MS = 5;
const FULL_RETRY_SECONDS = 5;

export interface TurnDeskParts {
  readonly sessionTurns: SessionTurns;
  /** The store's client. */
  readonly sessions: { session(ref: SessionRef): Promise<SessionRecord | undefined> };
}

export interface TurnPlace {
  /** The run this one continues. */
  readonly parentId?: string;
  /** Later than that of every turn before it (ms since the epoch). */
  readonly createdAt: number;
}

/** Gives runs their places in their sessions: behind whoever was there before, on whichever replica. */
export class TurnDesk {
  constructor(private readonly parts: TurnDeskParts) {}

  /**
   * The place is taken when this resolves: open the run, or leave. Throws GatewayError `session_busy` when the session
   * has a turn and `whenBusy` is reject, `session_queue_full`, `unavailable` when only the store knows the session and
   * it is away, `queue_unavailable`.
   */
  async enter(session: SessionRef, runId: string, whenBusy: 'wait' | 'reject'): Promise<TurnPlace> {
    const deadline = Date.now() + 2 * LIMITS.sessionTurnOpeningMsMax;
    let last: LastTurn | null | undefined;
    let away: unknown;
    for (;;) {
      const entry = await this.ask({ session, runId, whenBusy, last });
      if (entry.kind === 'entered') return entry;
      if (entry.kind === 'unknown' && away !== undefined) throw away;
      if (entry.kind === 'unknown') {
        // If the store is away, somebody else may have got an answer from it meanwhile: ask Redis once more.
        last = await this.lastTurn(session).catch((cause: unknown) => ((away = cause), undefined));
      } else if (entry.kind === 'opening' && Date.now() < deadline) await sleep(OPENING_POLL_MS * (1 + Math.random()));
      else throw refusal(entry);
    }
  }

  private ask(asked: {
    session: SessionRef;
    runId: string;
    whenBusy: 'wait' | 'reject';
    last: LastTurn | null | undefined;
  }): Promise<TurnEntry> {
    const { last, ...rest } = asked;
    const request = { ...rest, waitingMax: LIMITS.sessionTurnsWaitingMax };
    return withDeadline(this.parts.sessionTurns.enter(last === undefined ? request : { ...request, last }));
  }

  /** null: the store does not know the session either, so this is its first turn. */
  private async lastTurn(session: SessionRef): Promise<LastTurn | null> {
    const record = await this.parts.sessions.session(session);
    return record?.lastRunId === undefined ? null : { runId: record.lastRunId, createdAt: record.lastRunAt };
  }
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
