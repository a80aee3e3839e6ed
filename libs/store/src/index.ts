export { allItems, appendItems, deleteItem, getItem, hasTurn, listItems } from './conversations/conversation-items.js';
export {
  deleteConversation,
  deleteConversationsUnusedSince,
  ensureConversation,
  getConversation,
  updateConversation,
  type ConversationItem,
} from './conversations/conversation-rows.js';
export { noteMissingTexts, noteMissingUsage } from './accounts/missing-notes.js';
export { sqlStoredAccounts } from './accounts/stored-accounts.js';
export { indexTexts, upsertTexts } from './accounts/text-rows.js';
export { deleteRunUsageBefore, upsertUsage } from './accounts/usage-rows.js';
export { dropOldDeletionMarks, eraseDeletedRuns, markRunDeleted } from './deleted-runs.js';
export { FolderLockedError } from './folder-lock.js';
export { deleteJobsEndedBefore } from './jobs/job-rows.js';
export { databaseClock, sqlJobStore } from './jobs/job-store.js';
export { migrate, SchemaTooNewError } from './migrate.js';
export { MIGRATIONS } from './migrations/registry.js';
export { moveDatabase, MoveRefusedError } from './move/move-database.js';
export { pgliteDatabase } from './pglite.js';
export type { SqlDatabase, SqlValue } from './ports.js';
export { postgresDatabase } from './postgres.js';
export { deleteRunsBefore, getRun, getTurns, listRuns, upsertRuns } from './run-rows.js';
export { sqlStoredRuns } from './stored-runs.js';
export { deleteOldestRuns, surplusOfOwners } from './retention.js';
export { sqlFault } from './sql-fault.js';
export { deleteSession } from './sessions/delete-session.js';
export { deleteSessionsUnusedSince, deleteUsageBefore } from './sessions/session-retention.js';
export { forkSession, getSession, listSessions, renameSession } from './sessions/session-rows.js';
export { sqlStoredSessions } from './sessions/stored-sessions.js';
export { upsertSessions, type SessionRun } from './sessions/upsert-sessions.js';
export { deleteSurplusDeliveries, surplusDeliveries } from './webhooks/delivery-retention.js';
export { deleteDeliveriesBefore } from './webhooks/delivery-rows.js';
export { hasWebhooks, noteEvents } from './webhooks/note-events.js';
export { sqlWebhookStore } from './webhooks/webhook-store.js';
