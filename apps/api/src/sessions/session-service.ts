import {
  forkTitle,
  GatewayError,
  hasEnded,
  type LastTurn,
  type RunIndex,
  type RunJournal,
  type RunSnapshot,
  type SessionPage,
  type SessionRecord,
  type SessionRef,
  type SessionTurns,
  type Turn,
  type TurnState,
  type StoredSessions,
  type StoredSessionsQuery,
  type StoredRuns,
} from '#libs/contract';
import type { HistoryReader } from '#libs/history';
import { setTimeout as sleep } from 'node:timers/promises';
import { deletedUnderKey, idFromSeed, type Making } from '../runs/admitting/create-once.js';
import { API_LIMITS } from '../words/api-limits.js';
import { youngSession } from './session-object.js';

export interface SessionParts {
  readonly sessionTurns: SessionTurns;
  readonly sessions: StoredSessions;
  readonly history: HistoryReader;
  readonly store: Pick<StoredRuns, 'run'>;
  readonly log: RunJournal & RunIndex;
}

export interface ForkRequest {
  /** The last turn of the new session. Absent: the last stored one. */
  readonly runId?: string;
  /** Absent: a new id. */
  readonly sessionId?: string;
  /** Absent: the title of the original session, marked as a fork. */
  readonly title?: string;
}

const STORED_POLL_MS = 50;

/**
 * All actions on sessions except continuing one: rows from the store, turns from Redis. Another owner's session does
 * not exist for the caller. All methods throw GatewayError `session_not_found`, and `unavailable` or
 * `queue_unavailable` when the store or Redis does not answer.
 */
export class SessionService {
  constructor(private readonly parts: SessionParts) {}

  list(query: StoredSessionsQuery): Promise<SessionPage> {
    return this.parts.sessions.sessions(query);
  }

  async get(ref: SessionRef): Promise<{ readonly record: SessionRecord; readonly state: TurnState }> {
    const [stored, state] = await Promise.all([this.parts.sessions.session(ref), this.stateOf(ref)]);
    const record = stored ?? (state.last && (await this.young(ref, state.last)));
    if (!record) throw notFound();
    return { record, state };
  }

  private async young({ owner, sessionId }: SessionRef, last: LastTurn): Promise<SessionRecord> {
    const isDeleted = (await this.parts.log.head(last.runId))?.deleted === true;
    return { ...youngSession(owner, sessionId, last), ...(isDeleted && { shownRunId: null }) };
  }

  /** The whole conversation, oldest turn first, including the turns before a fork, without those that were deleted. */
  async turns(ref: SessionRef): Promise<readonly Turn[]> {
    const { record, state } = await this.get(ref);
    const last = state.last?.runId ?? record.lastRunId;
    return last === undefined ? [] : (await this.parts.history.turns(last)).filter(isShown);
  }

  /**
   * The newest turns, newest first, or those from the run `from` on. `next` is the beginning of the next page. Throws
   * `invalid_cursor` for a run that does not exist or belongs to another owner.
   */
  async latestTurns(
    ref: SessionRef,
    { limit, from }: { readonly limit: number; readonly from?: string },
  ): Promise<{ readonly turns: readonly Turn[]; readonly next?: string }> {
    const { record, state } = await this.get(ref);
    const last = from ?? state.last?.runId ?? record.lastRunId;
    const found = last === undefined ? [] : await this.parts.history.turns(last, limit);
    const turns = found.filter(({ owner }) => owner === ref.owner).reverse();
    if (from !== undefined && turns[0]?.runId !== from) {
      throw new GatewayError('invalid_cursor', 'after is not what a page of turns gave as next.', { param: 'after' });
    }
    const next = turns.length < limit ? undefined : turns.at(-1)?.parentId;
    return { turns: turns.filter(isShown), ...(next !== undefined && { next }) };
  }

  async rename(ref: SessionRef, title: string): Promise<SessionRecord> {
    const record = await this.parts.sessions.renameSession(ref, title);
    if (!record) throw notFound();
    return record;
  }

  /**
   * Throws `session_busy` while a turn is under way or waits. Afterwards neither the store nor Redis has anything of
   * the session's runs, except for runs that a fork continues.
   */
  async delete(ref: SessionRef): Promise<void> {
    const { record, state } = await this.get(ref);
    const unstored = await this.loggedRuns(ref, state.last);
    if (!(await this.parts.sessionTurns.forget(ref))) {
      throw new GatewayError('session_busy', 'The session is busy. Stop its runs first.');
    }
    // By the clock that dated the turns. A session without turns has its runs from the clocks of the replicas.
    const upTo = Math.max(record.lastRunAt, state.last?.createdAt ?? Date.now());
    const stored = await this.parts.sessions.deleteSession(ref, upTo);
    await this.parts.log.remove([...new Set([...stored, ...unstored])]);
  }

  /**
   * A new session that continues a run of this one. A replay returns the session that was created, in its present
   * state. Throws `session_not_found` (also when the new session was created and deleted), `run_not_found`,
   * `session_exists`, and `invalid_request`.
   */
  async fork(ref: SessionRef, { runId, sessionId, title }: ForkRequest, making: Making): Promise<SessionRecord> {
    const { owner } = ref;
    const name = { owner, sessionId: sessionId ?? idFromSeed('session', making.seed) };
    const made = making.isReplay ? await this.parts.sessions.session(name) : undefined;
    if (made?.forkedFrom?.sessionId === ref.sessionId) return made;
    if (making.wasMade) throw deletedUnderKey('session_not_found');
    const { record, state } = await this.get(ref);
    if (sessionId !== undefined && (await this.stateOf(name)).last) throw exists();
    const run = await this.runToForkAt(record, { asked: runId, last: lastEnded(record, state) });
    const from = { sessionId: ref.sessionId, runId: run.runId, runCreatedAt: run.createdAt };
    const heading = title ?? (record.title === null ? null : forkTitle(record.title));
    return this.parts.sessions.forkSession({ ...name, title: heading, from });
  }

  private async runToForkAt(
    session: SessionRecord,
    { asked, last }: { readonly asked: string | undefined; readonly last: string | undefined },
  ): Promise<RunSnapshot> {
    const runId = asked ?? last;
    // Who named no run can only name another session, or a run.
    const param = asked === undefined ? 'id' : 'run_id';
    const run = runId === undefined ? undefined : await this.storedRun(runId);
    const isOurs = run?.sessionId === session.sessionId || runId === session.lastRunId;
    if (run?.owner !== session.owner || !isOurs) {
      const what = asked === undefined ? NO_LAST_RUN : 'There is no such run in the session.';
      throw new GatewayError('run_not_found', what, { param });
    }
    if (!hasEnded(run)) throw new GatewayError('invalid_request', 'The run has not ended.', { param });
    return run;
  }

  private stateOf(ref: SessionRef): Promise<TurnState> {
    return this.parts.sessionTurns.state(ref);
  }

  /** A run that has just ended is on its way into the store; one that was deleted is there, and not shown. */
  private async storedRun(runId: string): ReturnType<StoredRuns['run']> {
    const deadline = Date.now() + API_LIMITS.storedWaitMsMax;
    for (;;) {
      const run = await this.parts.store.run(runId);
      const head = run || Date.now() >= deadline ? undefined : await this.parts.log.head(runId);
      const isOnItsWay = head?.deleted === false;
      if (!isOnItsWay) return run;
      await sleep(STORED_POLL_MS);
    }
  }

  /** The session's runs whose logs still exist, from the youngest on. The store may not have them yet. */
  private async loggedRuns({ owner, sessionId }: SessionRef, last: LastTurn | undefined): Promise<readonly string[]> {
    const runIds: string[] = [];
    for (let next = last?.runId; next !== undefined;) {
      // Reads the first event, because the order itself is dropped once the store has the run.
      const [first] = await this.parts.log.read(next, 0, 1);
      if (first?.type !== 'run.queued' || first.owner !== owner || first.sessionId !== sessionId) break;
      runIds.push(next);
      next = first.parentId;
    }
    return runIds;
  }
}

/** While a turn is under way, the last stored one. */
const lastEnded = (record: SessionRecord, { active, last }: TurnState): string | undefined =>
  active === undefined && last ? last.runId : record.lastRunId;

const NO_LAST_RUN =
  'The session has no last run to go on from: it has none yet, or it was deleted. Name one of its runs as run_id.';

const notFound = (): GatewayError =>
  new GatewayError('session_not_found', 'There is no session with this id.', { param: 'id' });
const exists = (): GatewayError =>
  new GatewayError('session_exists', 'There is a session with this id.', { param: 'session_id' });

const isShown = ({ isDeleted }: Turn): boolean => isDeleted !== true;
