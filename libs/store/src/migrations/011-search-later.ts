import type { Migration } from './migration.js';

/**
 * The words of a text are made in a statement of their own, later than its row: making them costs more than all the
 * rest of a run. A store of an earlier version does not give the words either, because the column was a generated one.
 */
export const searchLater: Migration = {
  version: 11,
  name: 'search-later',
  statements: [
    `alter table run_texts alter column words drop expression`,
    `create index run_texts_without_words on run_texts (owner) where words is null`,
  ],
};
