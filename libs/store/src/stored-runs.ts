import { LIMITS, type StoredRuns } from '#libs/contract';
import { markRunDeleted } from './deleted-runs.js';
import type { SqlDatabase } from './ports.js';
import { getRun, getTurns, listRuns } from './run-rows.js';
import { retitleSessions } from './sessions/retitle-sessions.js';

/** Runs in Postgres or PGlite. @param now milliseconds since the epoch. */
export function sqlStoredRuns(db: SqlDatabase, now: () => number): StoredRuns {
  return {
    run: (runId) => getRun(db, runId),
    turns: (runId, limit = LIMITS.historyTurnsMax) => getTurns(db, runId, limit),
    deleteRun: async (runId) => {
      await markRunDeleted(db, runId, now());
      await retitleSessions(db, [runId]);
    },
    runs: (query) => listRuns(db, query),
  };
}
