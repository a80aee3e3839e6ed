import type { JsonObject, JsonValue } from '../json.js';
import type { ReasoningSeal } from '../message.js';
import type { ToolQuestions } from '../tool.js';
import type { Citation } from './citation.js';
import type { ApprovalBy, ApprovalDecision, ExecutedBy } from './run-event.js';

/**
 * `interrupted`: the worker was lost during the item's step. Listeners saw the item, but the run does not build on it.
 */
export type ItemStatus = 'in_progress' | 'completed' | 'interrupted';

interface ItemBase {
  readonly step: number;
  readonly status: ItemStatus;
}

export interface TextItem extends ItemBase {
  readonly type: 'text' | 'reasoning' | 'refusal';
  readonly text: string;
  readonly logprobs?: readonly JsonValue[];
  readonly citations?: readonly Citation[];
  /** A data URL. The text is then empty, and the item holds nothing else. */
  readonly image?: string;
  /** A summary of everything before it. The text is then empty. */
  readonly compaction?: string;
  /** See `text.delta`. The text is then empty. */
  readonly vectors?: readonly string[];
  /** For reasoning: the upstream's attached state, which ends the item. */
  readonly seal?: ReasoningSeal;
}

/** The request to allow one call, and its answer once there is one. */
export interface Approval {
  readonly approvalId: string;
  /** Milliseconds since the epoch; both are absent when the call needed no permission. */
  readonly requestedAt?: number;
  readonly expiresAt?: number;
  readonly decision?: ApprovalDecision;
  readonly by?: ApprovalBy;
  /** Set when the call asks the user something. Absent: the user is asked whether the call may be made. */
  readonly ask?: ToolQuestions;
  readonly answers?: JsonObject;
}

export interface ToolCallItem extends ItemBase {
  readonly type: 'tool_call';
  readonly callId: string;
  readonly name: string;
  readonly arguments: string;
  readonly executedBy: ExecutedBy;
  /** See `tool_call.started`. */
  readonly ofUpstream?: true;
  /** The state that the upstream attached to the call. */
  readonly extraContent?: JsonObject;
  /** The arguments are complete. */
  readonly ready: boolean;
  /** The server tool was started. Its outcome is unknown until there is an `output`. */
  readonly dispatched: boolean;
  readonly approval?: Approval;
  /** Where the call goes on, until it has an output: see `tool.progress`. */
  readonly handle?: JsonObject;
  readonly output?: string;
  /** Data URLs of images in the result. */
  readonly images?: readonly string[];
  readonly isError?: boolean;
  readonly durationMs?: number;
}

export type OutputItem = TextItem | ToolCallItem;

/**
 * Whether the call counts: the gateway has begun to execute it or has answered it, or the step that asks the caller to
 * execute it is completed. A complete call in a lost step must not be executed.
 */
export function isCertain({ dispatched, output, ready, status }: ToolCallItem): boolean {
  return dispatched || output !== undefined || (status === 'completed' && ready);
}

/** Whether the call waits for an approval. */
export function isPending({ approval, status }: ToolCallItem): boolean {
  return status === 'in_progress' && approval?.expiresAt !== undefined && approval.decision === undefined;
}
