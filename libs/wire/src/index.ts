export type { JsonArray, JsonMap, JsonScalar, Json } from './json.js';
export type { Page } from './page.js';
export type {
  ApprovalRequest,
  ApprovalWord,
  MessageItem,
  PendingApproval,
  RunErrorObject,
  RunItem,
  RunObject,
  RunState,
  RunSummary,
  ToolCallObject,
  UsageObject,
} from './run.js';
export type { RunFrame, RunFrameOf } from './run-frame.js';
export type { ChatContent, ChatMessage, ForkAnswer, SessionObject, TurnFacts, TurnObject } from './session.js';
export type { JobObject, JobRunEntry, JobState, ScheduleObject, SchedulePreview } from './job.js';
export type { Capabilities, ModelObject, QueueReport, ServiceReport, WorkerReport } from './service.js';
