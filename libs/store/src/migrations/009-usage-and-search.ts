import type { Migration } from './migration.js';

/**
 * What every run used, beside its row: it stays when the run goes, so that what a key has used can be told for
 * LIMITS.usageDaysMax. Runs that are there already are taken over; of them only those of sessions tell what they cost.
 * `run_texts` is what was said in the runs of sessions, for the search; it goes with its run.
 */
export const usageAndSearch: Migration = {
  version: 9,
  name: 'usage-and-search',
  statements: [
    `create table run_usage (
      run_id text primary key,
      owner text not null,
      model text not null,
      created_at bigint not null,
      last_seq bigint not null,
      input_tokens bigint not null,
      cached_input_tokens bigint not null,
      output_tokens bigint not null,
      reasoning_tokens bigint not null,
      cost_nanos bigint
    )`,
    `insert into run_usage
     select runs.id, runs.owner, runs.model, runs.created_at, runs.last_seq, runs.input_tokens,
       coalesce(usage.cached_input_tokens, 0), runs.output_tokens, coalesce(usage.reasoning_tokens, 0), usage.cost_nanos
     from runs left join session_usage usage on usage.run_id = runs.id`,
    `create index run_usage_by_age on run_usage (created_at)`,
    `create index run_usage_by_owner on run_usage (owner, created_at)`,
    `create table run_texts (
      run_id text primary key references runs (id) on delete cascade,
      owner text not null,
      body text not null,
      words tsvector generated always as (to_tsvector('simple', body)) stored
    )`,
    `create index run_texts_by_word on run_texts using gin (words)`,
  ],
};
