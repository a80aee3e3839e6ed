import { pendingCalls, type JsonObject, type PendingCall, type RunSnapshot } from '#libs/contract';
import { previewOf } from '../arguments-preview.js';
import { seconds } from './run-facts.js';

/** What may be answered to a request (Hermes' words). */
export const APPROVAL_CHOICES = ['once', 'session', 'always', 'deny'] as const;

/** The requests that wait for an answer, oldest first; `request_id` is what an answer has to name. */
export function approvalObjects(snapshot: RunSnapshot): JsonObject[] {
  return pendingCalls(snapshot).map(approvalObject);
}

function approvalObject({ callId, name, arguments: text, approval }: PendingCall): JsonObject {
  return {
    ...approvalFacts({ callId, name, arguments: text, ...approval }),
    requested_at: seconds(approval.requestedAt),
  };
}

export interface ApprovalFacts {
  readonly approvalId: string;
  readonly callId: string;
  readonly name: string;
  readonly arguments: string;
  readonly expiresAt: number;
}

/** One request as clients see it, in events and in the run. */
export function approvalFacts({ approvalId, callId, name, arguments: text, expiresAt }: ApprovalFacts): JsonObject {
  return {
    request_id: approvalId,
    call_id: callId,
    tool: name,
    preview: previewOf(text) ?? null,
    arguments: text,
    choices: APPROVAL_CHOICES,
    expires_at: seconds(expiresAt),
  };
}
