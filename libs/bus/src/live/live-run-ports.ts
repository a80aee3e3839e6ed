import type { LoggedEvent } from '#libs/contract';
import type { RunHead } from '../ports.js';

/** Runs of an owner that the store has not confirmed, so that lists show them at once. */
export interface LiveRuns {
  /** Newest first; `after`: behind that place. At most `limit`. */
  list(owner: string, limit: number, after?: RunPlace): Promise<readonly LiveRun[]>;
}

/** A place in the order of runs: by time of creation (ms), then by id, both falling. */
export interface RunPlace {
  readonly createdAt: number;
  readonly runId: string;
}

export interface LiveRun extends RunPlace {
  /** Its first and its last event; absent when its log is gone. */
  readonly events?: readonly [first: LoggedEvent, last: LoggedEvent];
  readonly head?: RunHead;
}
