import type { Migration } from './migration.js';

/**
 * Conversations are lists of items. The items of a run are appended once, and `conversation_turns` records this even
 * after an item was deleted again. A deleted run is a mark beside its row: the row may come later than the mark, and
 * stays hidden as long as other runs continue it.
 */
export const conversations: Migration = {
  version: 5,
  name: 'conversations',
  statements: [
    `create table conversations (
      id text primary key,
      owner text not null,
      metadata text not null,
      created_at bigint not null,
      used_at bigint not null
    )`,
    `create index conversations_by_use on conversations (used_at)`,
    `create table conversation_items (
      conversation_id text not null references conversations (id) on delete cascade,
      place bigint not null,
      id text not null,
      item text not null,
      primary key (conversation_id, place),
      unique (conversation_id, id)
    )`,
    `create table conversation_turns (
      conversation_id text not null references conversations (id) on delete cascade,
      run_id text not null,
      primary key (conversation_id, run_id)
    )`,
    `create table deleted_runs (id text primary key, deleted_at bigint not null)`,
    `create index deleted_runs_by_age on deleted_runs (deleted_at)`,
    `create index runs_by_parent on runs (parent_id) where parent_id is not null`,
  ],
};
