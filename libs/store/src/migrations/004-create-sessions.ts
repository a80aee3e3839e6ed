import type { Migration } from './migration.js';

/**
 * A session row is the sum of its runs and can be rebuilt from them, except for its title and its origin as a fork.
 * Usage has a row per run, so that a run that is written twice counts once. `deleted_sessions` keeps runs that were on
 * their way into the store from bringing a deleted session back.
 */
export const createSessions: Migration = {
  version: 4,
  name: 'create-sessions',
  statements: [
    `create table sessions (
      owner text not null,
      id text not null,
      title text,
      last_run_id text,
      last_run_at bigint not null,
      created_at bigint not null,
      updated_at bigint not null,
      forked_session_id text,
      forked_run_id text,
      primary key (owner, id)
    )`,
    `create index sessions_by_update on sessions (owner, updated_at desc, id desc)`,
    `create index sessions_by_last_run on sessions (last_run_id)`,
    `create table session_usage (
      run_id text primary key,
      owner text not null,
      session_id text not null,
      created_at bigint not null,
      last_seq bigint not null,
      input_tokens bigint not null,
      cached_input_tokens bigint not null,
      output_tokens bigint not null,
      reasoning_tokens bigint not null,
      cost_nanos bigint
    )`,
    `create index session_usage_by_session on session_usage (owner, session_id)`,
    `create table deleted_sessions (
      owner text not null,
      id text not null,
      up_to bigint not null,
      deleted_at bigint not null,
      primary key (owner, id)
    )`,
  ],
};
