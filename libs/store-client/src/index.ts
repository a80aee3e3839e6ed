export { httpJobStore } from './job-store.js';
export {
  conversationsClient,
  type ConversationRef,
  type ConversationsClient,
  type ItemPageQuery,
  type StoredConversation,
  type StoredItemPage,
} from './conversations.js';
export { storeClient, type StoreClient } from './store-client.js';
export { sessionClient, type SessionClient, type SessionListQuery } from './session-client.js';
