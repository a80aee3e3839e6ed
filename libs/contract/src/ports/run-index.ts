import type { LoggedEvent } from '../runs/run-event.js';
import type { RunHead } from './run-journal.js';

/** Which runs have a log, and when a log may expire. */
export interface RunIndex {
  /**
   * Runs opened before `openedBefore` (ms) that the store has not confirmed, oldest first, at most `limit`. `after`:
   * the last run of the previous page; once that run is confirmed the answer is empty.
   */
  unconfirmed(openedBefore: number, limit: number, after?: string): Promise<string[]>;
  /**
   * Records that the store has the rows: the logs may expire after LIMITS.runLogTtlSeconds, and large orders are
   * dropped.
   */
  confirmPersisted(runIds: readonly string[]): Promise<void>;
  /** Sets RunHead.deleted for as long as the log lives; does nothing once it is gone. */
  markDeleted(runId: string): Promise<void>;
  /** Deletes logs with everything in them, as if these runs had never existed. No attempt may be writing them. */
  remove(runIds: readonly string[]): Promise<void>;
}

/** A key's runs that the store has not confirmed, so that lists show them at once. */
export interface LiveRuns {
  /** Newest first; `after`: only runs behind that position. At most `limit`. */
  list(owner: string, limit: number, after?: RunPosition): Promise<readonly LiveRun[]>;
}

/** Where a run stands in lists: by time of creation (ms), then by id, both falling. */
export interface RunPosition {
  readonly createdAt: number;
  readonly runId: string;
}

export interface LiveRun extends RunPosition {
  /** Its first and its last event; absent when its log is gone. */
  readonly events?: readonly [first: LoggedEvent, last: LoggedEvent];
  readonly head?: RunHead;
}

/** Whether a position comes after another in lists, newest first. Every position comes after `undefined`, the start. */
export function isBehind(position: RunPosition, after: RunPosition | undefined): boolean {
  if (!after || position.createdAt !== after.createdAt) return !after || position.createdAt < after.createdAt;
  return position.runId < after.runId;
}
