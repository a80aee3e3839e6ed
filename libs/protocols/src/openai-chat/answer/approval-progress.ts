import type { EventOf, JsonObject } from '#libs/contract';
import type { Encoded } from '../../protocol/protocol.js';
import { approvalFacts } from '../../runs/approval-object.js';
import { NO_FRAMES } from '../../sse-frame.js';
import type { ChatState } from './chat-state.js';
import { sideEvent } from './chunk.js';
import { EMOJI, isHiddenTool, PROGRESS_EVENT } from './tool-progress.js';

/**
 * Shows a call that waits for an approval, next to the answer like its progress. The stream then carries only
 * keep-alive comments. The approval is answered under POST /v1/runs/{X-Run-Id}/approval.
 */
export function showApprovalRequest(state: ChatState, event: EventOf<'approval.requested'>): Encoded<ChatState> {
  const { request_id, choices: approval_choices, expires_at } = approvalFacts(event);
  return show(state, event.name, {
    toolCallId: event.callId,
    status: 'waiting_for_approval',
    request_id,
    // `choices` already means something else in a chunk.
    approval_choices,
    expires_at,
  });
}

/** Shows an answer only if its request was shown. */
export function showApprovalAnswer(state: ChatState, event: EventOf<'approval.resolved'>): Encoded<ChatState> {
  const { approvalId, callId, decision, by } = event;
  if (approvalId === '') return [state, NO_FRAMES];
  const known = state.serverCalls.find((call) => call.callId === callId);
  if (!known) return [state, NO_FRAMES];
  const status = decision === 'deny' ? 'denied' : 'approved';
  return show(state, known.name, { toolCallId: callId, status, request_id: approvalId, choice: decision, by });
}

function show(state: ChatState, tool: string, fields: JsonObject & { toolCallId: string }): Encoded<ChatState> {
  if (isHiddenTool(tool)) return [state, NO_FRAMES];
  const { label } = state.serverCalls.find((call) => call.callId === fields.toolCallId) ?? { label: tool };
  return [state, [sideEvent(state.shape, PROGRESS_EVENT, { tool, emoji: EMOJI, label, ...fields })]];
}
