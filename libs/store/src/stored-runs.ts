import { LIMITS, type StoredRuns } from '#libs/contract';
import { markRunDeleted } from './deleted-runs.js';
import type { SqlDatabase } from './ports.js';
import { getRun, getTurns, listRuns } from './run-rows.js';

/** Runs in Postgres or PGlite. @param now milliseconds since the epoch. */
export function sqlStoredRuns(db: SqlDatabase, now: () => number): StoredRuns {
  return {
    run: (runId) => getRun(db, runId),
    turns: (runId, limit = LIMITS.historyTurnsMax) => getTurns(db, runId, limit),
    deleteRun: (runId) => markRunDeleted(db, runId, now()),
    runs: (query) => listRuns(db, query),
  };
}
