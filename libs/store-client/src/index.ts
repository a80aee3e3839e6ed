export { httpJobStore } from './job-store.js';
export {
  conversationsClient,
  type ConversationRef,
  type ConversationsClient,
  type ItemPageQuery,
  type StoredConversation,
  type StoredItemPage,
} from './conversations.js';
export { storeClient, type RunListQuery, type StoreClient } from './store-client.js';
export { storeRequests, type StoreAddress, type StoreRequest } from './store-request.js';
export {
  sessionClient,
  type SessionClient,
  type SessionFork,
  type SessionListQuery,
  type SessionName,
} from './session-client.js';
