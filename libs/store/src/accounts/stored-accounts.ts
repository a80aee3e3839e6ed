import type { StoredAccounts } from '#libs/contract';
import type { SqlDatabase } from '../ports.js';
import { moveRows, sharedSessions } from './move-rows.js';
import { eraseOwner, moveJobs, readOwners } from './owner-rows.js';
import { searchTexts } from './text-rows.js';
import { readUsage } from './usage-rows.js';

/** What Postgres or PGlite can tell over many runs, and what is done with the rows of a name. */
export function sqlStoredAccounts(db: SqlDatabase): StoredAccounts {
  return {
    usage: (query) => readUsage(db, query),
    search: (query) => searchTexts(db, query),
    owners: (query) => readOwners(db, query),
    moveJobs: (names) => moveJobs(db, names),
    moveRows: (names) => moveRows(db, names),
    sharedSessions: (names) => sharedSessions(db, names),
    erase: ({ owner }) => eraseOwner(db, owner),
  };
}
