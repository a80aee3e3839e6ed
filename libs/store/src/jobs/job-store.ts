import type { JobStore } from '#libs/contract';
import type { SqlDatabase } from '../ports.js';
import { claimOccurrences, dueJobs } from './due-jobs.js';
import { dueWork } from './due-work.js';
import { deleteJob, insertJob, listJobs, updateJob, viewJob } from './job-rows.js';
import { changeJobRuns, listJobRuns } from './job-run-rows.js';

/** Jobs in Postgres or PGlite. @param now the clock that decides what is due, ms since the epoch. */
export function sqlJobStore(db: SqlDatabase, now: () => number): JobStore {
  return {
    insert: (entry) => insertJob(db, entry, now()),
    view: ({ id }) => viewJob(db, id),
    list: (filter) => listJobs(db, filter),
    update: (entry) => updateJob(db, entry, now()),
    remove: ({ id }) => deleteJob(db, id),
    runs: (filter) => listJobRuns(db, filter),
    due: ({ limit }) => dueJobs(db, now(), limit),
    claim: ({ claims }) => claimOccurrences(db, claims, now()),
    async work({ kind, limit, except = [] }) {
      const at = now();
      return { now: at, work: await dueWork(db, { kind, now: at, limit, except }) };
    },
    change: ({ changes }) => changeJobRuns(db, changes),
  };
}
