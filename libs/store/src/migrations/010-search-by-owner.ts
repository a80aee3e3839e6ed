import type { Migration } from './migration.js';

/**
 * The index of the search has the owner beside the words, so that a search reads the texts of one owner alone. It is an
 * index on an expression: a new column would write every row again. `text-rows.ts` asks for the same expression. The
 * blank in the owner's entry tells it from every word that was said.
 */
export const searchByOwner: Migration = {
  version: 10,
  name: 'search-by-owner',
  statements: [
    `create index run_texts_by_owner_and_word on run_texts
     using gin ((words || array_to_tsvector(array['owner ' || md5(owner)])))`,
    `drop index run_texts_by_word`,
  ],
};
