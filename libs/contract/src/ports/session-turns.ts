/** A session by its key and name; another key's session of the same name is another session. */
export interface SessionRef {
  readonly owner: string;
  readonly sessionId: string;
}

/** The run that a session's next turn continues, and when it was created (ms since the epoch). */
export interface LastTurn {
  readonly runId: string;
  readonly createdAt: number;
}

export interface TurnRequest {
  readonly session: SessionRef;
  readonly runId: string;
  readonly whenBusy: 'wait' | 'reject';
  /** Turns that may wait in this session. */
  readonly waitingMax: number;
  /** What the store knows of a session that is `unknown` in Redis; null: the store does not know it either. */
  readonly last?: LastTurn | null;
}

export type TurnEntry =
  /**
   * The run has its turn: it continues `parentId`, and is younger (`createdAt`) than every turn before it. Open its
   * log, then call `ready`, within the opening time.
   */
  | { readonly kind: 'entered'; readonly parentId?: string; readonly createdAt: number }
  /** Another run is between `enter` and `ready`: ask again in a moment. */
  | { readonly kind: 'opening' }
  /** No record of this session: ask again with `last`. */
  | { readonly kind: 'unknown' }
  /** The request said `reject`, and the session has a turn. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'full' };

export interface TurnState {
  /** The run whose turn it is. */
  readonly active?: string;
  /** In the order of their turns. */
  readonly waiting: readonly string[];
  /** The youngest run: the next turn continues it. */
  readonly last?: LastTurn;
}

/**
 * One turn at a time per session, across all replicas. The life of a run's turn:
 *
 *   enter (fixes its turn, and so its parent) -> log opened -> ready -> 'turn'    queue its job now
 *                                                                    -> 'waits'   queued when the turn before it ends
 *   ... -> the run ends -> leave: gives the run whose turn it is now, to be queued
 *
 * A turn is only given behind runs whose logs are open, so no run ever continues one that does not exist. An opener
 * that dies between `enter` and `ready` is put out by the next `enter` after the opening time. Every call may be
 * repeated. Two implementations: Redis (`redisSessionTurns`) and memory (`memorySessionTurns`), held to
 * test/contract/session-turns.suite.ts. All reject with GatewayError `queue_unavailable` when Redis does not answer.
 */
export interface SessionTurns {
  enter(request: TurnRequest): Promise<TurnEntry>;
  /** `evicted`: its log was opened too late; the run has no turn and must not be executed. */
  ready(session: SessionRef, runId: string): Promise<'turn' | 'waits' | 'evicted'>;
  /**
   * The run has ended, or was never opened. @returns the run whose turn it is now, to be queued (queueing a run twice
   * is one job); undefined when the session has no other turn, or when the run had only waited.
   */
  leave(session: SessionRef, runId: string): Promise<string | undefined>;
  state(session: SessionRef): Promise<TurnState>;
  /** Drops the record of a session without turns, as if it had never been. false: the session has a turn. */
  forget(session: SessionRef): Promise<boolean>;
  /** Sessions that had a turn and have not been settled since, the least recently checked first. For repairs. */
  unsettled(limit: number): Promise<readonly UnsettledSession[]>;
  /**
   * Removes a session without turns from that list, unless it got a turn since. A session with turns moves to the end.
   */
  settle(session: UnsettledSession, hasTurn: boolean): Promise<void>;
}

export interface UnsettledSession extends SessionRef {
  /** When the session was put on the list (ms since the epoch). */
  readonly since: number;
}
