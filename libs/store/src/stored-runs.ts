import { LIMITS, type StoredRuns } from '#libs/contract';
import { markRunDeleted } from './deleted-runs.js';
import type { SqlDatabase, SqlQueries } from './ports.js';
import { getRun, getTurns, listRuns } from './run-rows.js';
import { retitleSessions } from './sessions/retitle-sessions.js';

/** Runs in Postgres or PGlite. @param now milliseconds since the epoch. */
export function sqlStoredRuns(db: SqlDatabase, now: () => number): StoredRuns {
  return {
    run: (runId) => getRun(db, runId),
    turns: (runId, limit = LIMITS.historyTurnsMax) => getTurns(db, runId, limit),
    deleteRun: async (runId) => {
      const at = now();
      const forget = async (queries: SqlQueries): Promise<void> => {
        await markRunDeleted(queries, runId, at);
        await retitleSessions(queries, [runId]);
      };
      // All or nothing, whoever dies meanwhile.
      await db.transaction(forget);
      // Again: somebody may have written a row before the mark could be seen.
      await forget(db);
    },
    runs: (query) => listRuns(db, query),
  };
}
