import { STORED_CONVERSATIONS_CALLS, type StoredConversations } from './stored-conversations.js';
import { JOB_STORE_CALLS, type JobStore } from './job-store.js';
import type { PortCalls } from './port-calls.js';
import { STORED_ACCOUNTS_CALLS, type StoredAccounts } from './stored-accounts.js';
import { STORED_RUNS_CALLS, type StoredRuns } from './stored-runs.js';
import { WEBHOOK_STORE_CALLS, type WebhookStore } from './webhook-store.js';
import { STORED_SESSIONS_CALLS, type StoredSessions } from './stored-sessions.js';

/** The ports of the store: SQL inside the store service, `storeClient` in the other services. */
export interface StorePorts {
  readonly runs: StoredRuns;
  readonly sessions: StoredSessions;
  readonly conversations: StoredConversations;
  readonly jobs: JobStore;
  readonly accounts: StoredAccounts;
  readonly webhooks: WebhookStore;
}

/**
 * The wire of the store: `POST /internal/<port>/<method>`. The body is the JSON array of the arguments; a single
 * argument that is an object may also be the whole body. 200 with `{"result": ...}`; 404 with error code `not_found`:
 * there is no such thing; any other status: an error body, `{"error": {message, type, param, code}}`.
 */
export const STORE_CALLS: { readonly [P in keyof StorePorts]: PortCalls<StorePorts[P]> } = {
  runs: STORED_RUNS_CALLS,
  sessions: STORED_SESSIONS_CALLS,
  conversations: STORED_CONVERSATIONS_CALLS,
  jobs: JOB_STORE_CALLS,
  accounts: STORED_ACCOUNTS_CALLS,
  webhooks: WEBHOOK_STORE_CALLS,
};
