import type { Migration } from './migration.js';

/**
 * Lists of a key's runs in a rare state read those alone. Most runs are completed: they are found by the key's own
 * index, and cost no entry here.
 */
export const runsByStatus: Migration = {
  version: 12,
  name: 'runs-by-status',
  statements: [
    `create index runs_by_status on runs (owner, status, created_at desc, id desc) where status <> 'completed'`,
  ],
};
