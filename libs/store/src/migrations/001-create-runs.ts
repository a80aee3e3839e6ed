import type { Migration } from './migration.js';

/**
 * The snapshot is `text`, not `jsonb`: jsonb refuses \u0000 and lone surrogates. JSON.stringify writes both as ASCII
 * escapes, so the text itself can always be stored and is read back byte by byte. The other columns are those that are
 * filtered and ordered by. Times are milliseconds since the epoch.
 */
export const createRuns: Migration = {
  version: 1,
  name: 'create-runs',
  statements: [
    `create table runs (
      id text primary key,
      owner text not null,
      protocol text not null,
      model text not null,
      status text not null,
      created_at bigint not null,
      ended_at bigint,
      last_seq bigint not null,
      input_tokens bigint not null,
      output_tokens bigint not null,
      snapshot text not null
    )`,
    `create index runs_by_owner on runs (owner, created_at desc, id desc)`,
    `create index runs_by_age on runs (created_at)`,
  ],
};
