import { pendingCalls, type PendingCall, type RunSnapshot, type ToolQuestions } from '#libs/contract';
import type { ApprovalRequest } from '#libs/wire';
import { previewOf } from '../arguments-preview.js';
import { seconds } from './run-facts.js';

/** The possible answers to a request, by Hermes' names. */
export const APPROVAL_CHOICES = ['once', 'session', 'always', 'deny'] as const;

/** A question is answered with `answers` in addition to the choice, or declined. */
const QUESTION_CHOICES = ['once', 'deny'] as const;

/** The requests that wait for an answer, oldest first. An answer must name the `request_id`. */
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
    // The call has begun and asks the user; without questions it waits for permission.
    ...(ask && { questions: ask.questions.map((question) => ({ ...question })) }),
    expires_at: seconds(expiresAt),
  };
}
