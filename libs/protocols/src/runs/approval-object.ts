import { pendingCalls, type PendingCall, type RunSnapshot, type ToolQuestions } from '#libs/contract';
import type { ApprovalRequest } from '#libs/wire';
import { previewOf } from '../arguments-preview.js';
import { seconds } from './run-facts.js';

/** What may be answered to a request (Hermes' words). */
export const APPROVAL_CHOICES = ['once', 'session', 'always', 'deny'] as const;

/** A question is answered with `answers` beside the choice, or declined. */
const QUESTION_CHOICES = ['once', 'deny'] as const;

/** The requests that wait for an answer, oldest first; `request_id` is what an answer has to name. */
export function approvalObjects(snapshot: RunSnapshot): ApprovalRequest[] {
  return pendingCalls(snapshot).map(approvalObject);
}

function approvalObject({ callId, name, arguments: text, approval }: PendingCall): ApprovalRequest {
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
  readonly ask?: ToolQuestions;
}

/** One request as clients see it, in events and in the run. */
export function approvalFacts(facts: ApprovalFacts): Omit<ApprovalRequest, 'requested_at'> {
  const { approvalId, callId, name, arguments: text, expiresAt, ask } = facts;
  return {
    request_id: approvalId,
    call_id: callId,
    tool: name,
    preview: previewOf(text) ?? null,
    arguments: text,
    choices: ask ? QUESTION_CHOICES : APPROVAL_CHOICES,
    // The call has begun and wants to know something; without questions it waits to be allowed.
    ...(ask && { questions: ask.questions.map((question) => ({ ...question })) }),
    expires_at: seconds(expiresAt),
  };
}
