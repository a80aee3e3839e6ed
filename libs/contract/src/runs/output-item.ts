import type { JsonValue } from '../json.js';
import type { ApprovalBy, ApprovalDecision, ExecutedBy } from './run-event.js';

/** `interrupted`: its step was broken off by a lost worker; listeners saw it, the run does not build on it. */
export type ItemStatus = 'in_progress' | 'completed' | 'interrupted';

interface ItemBase {
  readonly step: number;
  readonly status: ItemStatus;
}

export interface TextItem extends ItemBase {
  readonly type: 'text' | 'reasoning' | 'refusal';
  readonly text: string;
  readonly logprobs?: readonly JsonValue[];
}

/** The request to allow one call, and its answer once there is one. */
export interface Approval {
  readonly approvalId: string;
  /** Milliseconds since the epoch; both absent when nobody had to be asked. */
  readonly requestedAt?: number;
  readonly expiresAt?: number;
  readonly decision?: ApprovalDecision;
  readonly by?: ApprovalBy;
}

export interface ToolCallItem extends ItemBase {
  readonly type: 'tool_call';
  readonly callId: string;
  readonly name: string;
  readonly arguments: string;
  readonly executedBy: ExecutedBy;
  /** The arguments are whole. */
  readonly ready: boolean;
  /** A server tool was dispatched; without `output` its outcome is unknown. */
  readonly dispatched: boolean;
  readonly approval?: Approval;
  readonly output?: string;
  readonly isError?: boolean;
  readonly durationMs?: number;
}

export type OutputItem = TextItem | ToolCallItem;

/**
 * Whether something is certain to come of a call: the gateway has begun to execute it or has answered it, or the step
 * in which the caller was asked is completed. Nobody must execute a whole call of a lost step.
 */
export function isCertain({ dispatched, output, ready, status }: ToolCallItem): boolean {
  return dispatched || output !== undefined || (status === 'completed' && ready);
}

/** Whether somebody is being asked to allow this call. */
export function isPending({ approval, status }: ToolCallItem): boolean {
  return status === 'in_progress' && approval?.expiresAt !== undefined && approval.decision === undefined;
}
