export { ERRORS, GatewayError, fromRunError, toRunError, type ErrorCode, type RunError } from './errors.js';
export { isJsonObject, type JsonObject, type JsonValue } from './json.js';
export { LIMITS } from './limits.js';
export type { AssistantMessage, ContentPart, Message, ToolCall, ToolMessage, UserMessage } from './message.js';
export type { ModelCandidate, ModelEvent, ModelProvider, ModelRequest, ModelRoute } from './model.js';
export {
  addUsage,
  isTerminal,
  NO_USAGE,
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
} from './run-event.js';
export {
  EMPTY_SNAPSHOT,
  fold,
  foldAll,
  hasEnded,
  outputText,
  STEP_SEPARATOR,
  type ItemStatus,
  type OutputItem,
  type RunSnapshot,
  type RunStatus,
  type StepState,
  type TextItem,
  type ToolCallItem,
} from './run-snapshot.js';
export {
  parseRunSpec,
  RUN_SPEC_VERSION,
  type ClientTool,
  type OnDisconnect,
  type ResponseFormat,
  type RunDraft,
  type RunSpec,
  type Sampling,
  type ToolChoice,
} from './run-spec.js';
export type { Tool, ToolContext, ToolResult } from './tool.js';
