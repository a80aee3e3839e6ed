import type { Migration } from './migration.js';

/**
 * The record is the whole job (or run of a job) as JSON text, as in `runs`. The other columns are those that are
 * filtered, ordered and compared by, and for `version`, `status` and `wake_at` the columns are the truth. Times are
 * milliseconds since the epoch. An occurrence has one row in any case, because the run id is derived from job, slot and
 * attempt.
 */
export const createJobs: Migration = {
  version: 3,
  name: 'create-jobs',
  statements: [
    `create table jobs (
      id text primary key,
      owner text not null,
      version bigint not null,
      created_at bigint not null,
      enabled boolean not null,
      due_at bigint,
      record text not null
    )`,
    `create index jobs_by_owner on jobs (owner, created_at desc, id desc)`,
    `create index jobs_due on jobs (due_at) where due_at is not null`,
    // One row per owner: the count and, while a job is created, the lock under which it is counted.
    `create table job_owners (owner text primary key, jobs integer not null)`,
    `create table job_runs (
      run_id text primary key,
      job_id text not null references jobs (id) on delete cascade,
      version bigint not null,
      slot bigint not null,
      attempt integer not null,
      status text not null,
      wake_at bigint,
      record text not null,
      unique (job_id, slot, attempt)
    )`,
    `create index job_runs_wake on job_runs (wake_at) where wake_at is not null`,
    `create index job_runs_active on job_runs (job_id, status) where status in ('waiting', 'claimed', 'running')`,
    `create index job_runs_running on job_runs (run_id) where status = 'running'`,
    `create index job_runs_waiting on job_runs (job_id) where status = 'waiting'`,
  ],
};
