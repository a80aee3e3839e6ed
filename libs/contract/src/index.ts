export {
  ERRORS,
  GatewayError,
  fromRunError,
  toRunError,
  type ErrorCode,
  REFUSAL_REASONS,
  type RefusalReason,
  type RunError,
} from './errors.js';
export { causeText } from './cause-text.js';
export { readTraceparentFrom, traceHeaders, traceparentNow } from './traceparent.js';
export { ASK_RUNNING, EXIT_CONFIG } from './exit-codes.js';
export { checkArguments, checkCallCount, checkUpstreamState } from './runs/call-bounds.js';
export { redisFactsOf, redisRefusals, redisWarnings, type RedisFacts } from './redis-server.js';
export { isJsonObject, isTooDeep, type JsonObject, type JsonValue } from './json.js';
export {
  JOB_LIMITS,
  type ActiveJobRun,
  type Job,
  type JobDelivery,
  type JobRun,
  type JobRunEnd,
  type JobRunStatus,
  type Schedule,
} from './jobs/job.js';
export { CACHE_MARK_FIELDS, cacheMarksOf } from './cache-mark.js';
export { hasFile, withFilesAsText } from './runs/file-text.js';
export { leftOutHeader } from './left-out.js';
export { LIMITS } from './limits.js';
export { PROVIDER_NAMES, type ProviderName, type LoginSettings, type UpstreamSettings } from './models/upstream.js';
export type {
  AssistantMessage,
  CacheMark,
  ContentPart,
  FilePart,
  Message,
  Reasoning,
  ReasoningSeal,
  ToolCall,
  ToolMessage,
  UpstreamForm,
  UserMessage,
} from './message.js';
export type {
  FailedAttempt,
  ModelAttempt,
  ModelCandidate,
  ModelEvent,
  ModelProvider,
  ModelRequest,
  ModelRoute,
  RefusedField,
  UpstreamAsk,
} from './models/model.js';
export type { Leases } from './ports/leases.js';
export { isCertain, type Approval, type OutputItem, type TextItem, type ToolCallItem } from './runs/output-item.js';
export {
  addUsage,
  isTerminal,
  NO_USAGE,
  type ApprovalBy,
  type ApprovalDecision,
  type CancelReason,
  type EventOf,
  type ExecutedBy,
  type FinishReason,
  type IncompleteReason,
  type LoggedEvent,
  type RunEvent,
  type RunEventType,
  type TerminalEvent,
  type Usage,
} from './runs/run-event.js';
export {
  fromNanos,
  isMaxCost,
  SPEND_FIELDS,
  toNanos,
  type SpendLimit,
  type SpendLimits,
  type SpendScope,
} from './spend/spend.js';
export { HIDDEN, redactSecrets } from './redact-secrets.js';
export {
  EMPTY_SNAPSHOT,
  fold,
  foldAll,
  hasEnded,
  isPlainDelta,
  joinedText,
  outputText,
  pendingCalls,
  RUN_STATUSES,
  STEP_SEPARATOR,
  type PendingCall,
  type RunSnapshot,
  type RunStatus,
  type StepState,
} from './runs/run-snapshot.js';
export { assertContentKept } from './runs/content-kept.js';
export {
  parseRunSpec,
  RUN_SPEC_VERSION,
  type ClientTool,
  type EmbeddingsOrder,
  type MessagesApiWishes,
  type SystemMark,
  type OnDisconnect,
  type ResponseFormat,
  type RunDraft,
  type RunSpec,
  type Sampling,
  type ToolChoice,
} from './runs/run-spec.js';
export {
  isForGood,
  RunStopped,
  TOOL_NAMES,
  type Question,
  type Tool,
  type ToolApproval,
  type ToolContext,
  type ToolQuestions,
  type ToolResult,
  type ToolResume,
} from './tool.js';
export type { Citation } from './runs/citation.js';
export { movedCitation, textStart } from './runs/text-place.js';
export {
  answerMessages,
  compacted,
  continued,
  IMAGE_ALONE,
  picturesOf,
  summaryText,
  turnOf,
  type AskedManner,
  inputOf,
  mannerOf,
  type RunInput,
  type Turn,
} from './runs/turn.js';
export { forkTitle, type SessionPage, type SessionRecord } from './session.js';
export { costOf, priceKey, type ModelPrice, type PriceTable } from './models/model-price.js';
export { DERIVED_SESSION_ID, isSessionId, SESSION_ID_RULE } from './session-id.js';
export type * from './ports/approvals.js';
export type * from './ports/chat-desk.js';
export type * from './ports/live-hub.js';
export type * from './ports/locks.js';
export type * from './ports/credential-vault.js';
export type * from './ports/pool-share.js';
export type * from './ports/queues.js';
export type * from './ports/run-claims.js';
export { isBehind, type LiveRun, type LiveRuns, type RunIndex, type RunPosition } from './ports/run-index.js';
export type * from './ports/run-journal.js';
export type * from './ports/run-log.js';
export type * from './ports/run-signals.js';
export type * from './ports/session-turns.js';
export type * from './spend/spend-ledger.js';
export type * from './ports/store/job-store.js';
export type * from './ports/store/webhook-store.js';
export * from './webhooks/webhook.js';
export type * from './ports/store/port-calls.js';
export { STORE_CALLS, type StorePorts } from './ports/store/store-ports.js';
export type * from './ports/store/stored-accounts.js';
export type * from './ports/store/stored-conversations.js';
export type * from './ports/store/stored-runs.js';
export type * from './ports/store/stored-sessions.js';
export type * from './ports/workers.js';
export { eventChars, isTextDelta } from './runs/event-size.js';
export { affinityAtOpening, affinityOf, sessionNameOf } from './runs/affinity.js';
export { queuedEvent, sessionOfTurn } from './runs/queued-event.js';
