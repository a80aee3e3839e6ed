import type { Migration } from './migration.js';

/** Retention searches the sessions of all owners by age. */
export const sessionAge: Migration = {
  version: 7,
  name: 'session-age',
  statements: [
    `create index sessions_by_age on sessions (updated_at)`,
    `create index session_usage_by_age on session_usage (created_at)`,
  ],
};
