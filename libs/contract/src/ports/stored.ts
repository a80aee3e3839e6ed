import type { RunSnapshot } from '../runs/run-snapshot.js';
import type { Turn } from '../runs/turn.js';
import type { SessionRecord } from '../session.js';
import type { SessionRef } from './session-turns.js';

/** Runs as the store has them. All reject with GatewayError `unavailable` when the store cannot be asked. */
export interface StoredRuns {
  /** undefined: the store does not have the run. */
  run(runId: string): Promise<RunSnapshot | undefined>;
  /**
   * The conversation that ends with this run, oldest turn first; empty: the store does not have the run.
   * @param limit only so many of its newest turns; default LIMITS.historyTurnsMax.
   */
  turns(runId: string, limit?: number): Promise<readonly Turn[]>;
}

/** Sessions as the store has them. Rejects with GatewayError `unavailable` when the store cannot be asked. */
export interface StoredSessions {
  /** undefined: the store has no such session. */
  session(ref: SessionRef): Promise<SessionRecord | undefined>;
}
