import type { Migration } from './migration.js';

/**
 * A run keeps its own input and the id of the run it continues, never the whole conversation, so a chain costs linear
 * space.
 */
export const keepTurns: Migration = {
  version: 2,
  name: 'keep-turns',
  statements: [
    `alter table runs
      add column parent_id text,
      add column session_id text,
      add column job_id text,
      add column input text`,
    `create index runs_by_session on runs (owner, session_id, created_at desc, id desc) where session_id is not null`,
    `create index runs_by_job on runs (owner, job_id, created_at desc, id desc) where job_id is not null`,
  ],
};
