import type { JobStore } from '#libs/contract';
import type { SqlDatabase, SqlQueries } from '../ports.js';
import { claimOccurrences, dueJobs } from './due-jobs.js';
import { dueWork } from './due-work.js';
import { deleteJob, insertJob, listJobs, updateJob, viewJob } from './job-rows.js';
import { changeJobRuns, listJobRuns } from './job-run-rows.js';

/** Milliseconds since the epoch. */
export type Clock = () => number | Promise<number>;

/**
 * The clock of the database, which stores and schedulers on several machines share, because their own clocks differ.
 */
export function databaseClock(db: SqlQueries): Clock {
  return async () => {
    const [row] = await db.query<{ now: number }>(
      'select floor(extract(epoch from clock_timestamp()) * 1000)::float8 as now',
    );
    if (!row) throw new Error('the database did not tell the time');
    return row.now;
  };
}

/** Jobs in Postgres or PGlite. @param now the clock that decides what is due. */
export function sqlJobStore(db: SqlDatabase, now: Clock): JobStore {
  return {
    insert: async (entry) => insertJob(db, entry, await now()),
    view: ({ id }) => viewJob(db, id),
    list: (filter) => listJobs(db, filter),
    update: async (entry) => updateJob(db, entry, await now()),
    remove: ({ id }) => deleteJob(db, id),
    runs: (filter) => listJobRuns(db, filter),
    due: async ({ limit }) => dueJobs(db, await now(), limit),
    claim: async ({ claims }) => claimOccurrences(db, claims, await now()),
    async work({ kind, limit, except = [] }) {
      const at = await now();
      return { now: at, work: await dueWork(db, { kind, now: at, limit, except }) };
    },
    change: ({ changes }) => changeJobRuns(db, changes),
  };
}
