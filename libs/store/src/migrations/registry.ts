import { createRuns } from './001-create-runs.js';
import { keepTurns } from './002-keep-turns.js';
import { createJobs } from './003-create-jobs.js';
import { createSessions } from './004-create-sessions.js';
import { conversations } from './005-conversations.js';
import { jobOutputs } from './006-job-outputs.js';
import { sessionAge } from './007-session-age.js';
import { endedJobs } from './008-ended-jobs.js';
import { usageAndSearch } from './009-usage-and-search.js';
import { searchByOwner } from './010-search-by-owner.js';
import { searchLater } from './011-search-later.js';
import { webhooks } from './012-webhooks.js';
import { deletionsAndDeliveries } from './013-deletions-and-deliveries.js';
import type { Migration } from './migration.js';

/** In the order in which they are applied; versions count 1, 2, 3 ... */
export const MIGRATIONS: readonly Migration[] = [
  createRuns,
  keepTurns,
  createJobs,
  createSessions,
  conversations,
  jobOutputs,
  sessionAge,
  endedJobs,
  usageAndSearch,
  searchByOwner,
  searchLater,
  webhooks,
  deletionsAndDeliveries,
];
