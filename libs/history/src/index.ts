export { historyReader, type HistoryReader } from './history-reader.js';
export { conversationOf, joinConversation, messagesOf } from './messages.js';
