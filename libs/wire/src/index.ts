export type { Page } from './page.js';
export type {
  ApprovalRequest,
  ApprovalWord,
  LimitObject,
  MessageItem,
  PendingApproval,
  RunErrorObject,
  RunItem,
  RunObject,
  RunState,
  RunSummary,
  ServedFields,
  SpendFields,
  ToolCallObject,
  UsageObject,
} from './run.js';
export type { RunFrame, RunFrameOf } from './run-frame.js';
export type {
  ChatContent,
  ChatFile,
  ChatMessage,
  SessionFile,
  SessionFileContent,
  SessionFilePage,
  SessionObject,
  TurnFacts,
  TurnObject,
} from './session.js';
export type { JobObject, JobRunEntry, ScheduleObject, SchedulePreviewObject } from './job.js';
export type { Capabilities, ModelObject, SearchHit, ServiceReport, UpstreamObject, UsageEntry } from './service.js';
