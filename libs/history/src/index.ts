export { historyReader, type HistoryPorts, type HistoryReader } from './history-reader.js';
export { conversationOf, joinConversation, messagesOf } from './messages.js';
