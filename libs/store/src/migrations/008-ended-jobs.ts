import type { Migration } from './migration.js';

/**
 * `ended_at` is when a completed job was last written; null while it has occurrences left. The index counts the jobs of
 * an owner; the former counter is now only the lock for counting.
 */
export const endedJobs: Migration = {
  version: 8,
  name: 'ended-jobs',
  statements: [
    `alter table jobs add column ended_at bigint`,
    `update jobs set ended_at = (extract(epoch from now()) * 1000)::bigint where record like '%"state":"completed"%'`,
    `create index jobs_ended on jobs (ended_at) where ended_at is not null`,
    `create index jobs_left on jobs (owner) where ended_at is null`,
    `alter table job_owners drop column jobs`,
  ],
};
