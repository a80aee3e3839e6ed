import type { EventOf, JsonObject } from '#libs/contract';
import type { Encoded } from '../../protocol/protocol.js';
import { approvalFacts } from '../../runs/approval-object.js';
import { NO_FRAMES, type SseFrame } from '../../sse-frame.js';
import { wireApprovalId } from '../ids.js';
import { chunk } from './chunks.js';
import { callMetadata } from './reasoning-state.js';
import { CUT_CALL, grantOf, isDenied, readInput } from './tool-values.js';
import type { UiCall, UiState } from './ui-state.js';
import { closePart } from './words.js';

/** Tools of the gateway are not the page's, which may never have heard of them, and nothing is left to do for it. */
export const OWN_TOOL = { dynamic: true, providerExecuted: true } as const;

const kindOf = ({ executedBy }: Pick<UiCall, 'executedBy'>): JsonObject => (executedBy === 'server' ? OWN_TOOL : {});

export function startCall(state: UiState, event: EventOf<'tool_call.started'>): Encoded<UiState> {
  const { callId, name, executedBy, step } = event;
  const [closed, ended] = closePart(state);
  const call: UiCall = { callId, name, executedBy, step, isReady: false, isDone: false };
  const frame = chunk('tool-input-start', { toolCallId: callId, toolName: name, ...kindOf(call) });
  return [{ ...closed, calls: [...closed.calls, call] }, [...ended, frame]];
}

export function continueCall(state: UiState, callId: string, delta: string): Encoded<UiState> {
  if (delta === '') return [state, NO_FRAMES];
  return [state, [chunk('tool-input-delta', { toolCallId: callId, inputTextDelta: delta })]];
}

/**
 * A call of the client's whose arguments are broken is an error that the model hears of; one of the gateway's is
 * answered by the gateway itself.
 */
export function finishCall(state: UiState, event: EventOf<'tool_call.ready'>): Encoded<UiState> {
  const { callId, name, executedBy, extraContent } = event;
  const read = readInput(event.arguments);
  const head = { toolCallId: callId, toolName: name, input: read.input, ...kindOf(event) };
  const metadata = callMetadata(extraContent);
  const more = metadata && { providerMetadata: metadata };
  // The model has said all that it says in this step.
  const [closed, ended] = closePart(state);
  const told = change(closed, callId, { isReady: true });
  if (!read.isFine && executedBy === 'client') {
    return [told, [...ended, chunk('tool-input-error', { ...head, errorText: read.errorText, ...more })]];
  }
  return [told, [...ended, chunk('tool-input-available', { ...head, ...more })]];
}

/** Calls of a step whose arguments ended with the answer. */
export function cutCalls(state: UiState, step: number): SseFrame[] {
  const cut = state.calls.filter((call) => call.step === step && !call.isReady);
  return cut.map((call) =>
    chunk('tool-input-error', {
      toolCallId: call.callId,
      toolName: call.name,
      input: '',
      errorText: CUT_CALL,
      ...kindOf(call),
    }),
  );
}

export function requestApproval(state: UiState, event: EventOf<'approval.requested'>): Encoded<UiState> {
  const { approvalId, callId, ask } = event;
  const told = change(state, callId, { approval: { approvalId, ...(ask && { ask }) } });
  const request = {
    approvalId: wireApprovalId(state.runId, approvalId),
    toolCallId: callId,
    approvalDescriptor: descriptorOf(event),
  };
  return [told, [chunk('tool-approval-request', request)]];
}

/** What a page can show beside the call: `questions` where the call asks for more than yes or no. */
export function descriptorOf(event: Parameters<typeof approvalFacts>[0]): JsonObject {
  const { choices, preview, expires_at, questions } = approvalFacts(event);
  return { choices: [...choices], preview, expiresAt: expires_at, ...(questions && { questions: [...questions] }) };
}

export function resolveApproval(state: UiState, event: EventOf<'approval.resolved'>): Encoded<UiState> {
  const { approvalId, callId, decision, by } = event;
  const { approval } = callOf(state, callId) ?? {};
  const told = change(state, callId, { approval: { ...approval, approvalId, decision, by } });
  const id = wireApprovalId(state.runId, approvalId);
  const response = chunk('tool-approval-response', { approvalId: id, ...grantOf(event), providerExecuted: true });
  if (approval?.approvalId === approvalId) return [told, [response]];
  // Nobody was asked: an earlier answer covered the call, or nobody could be.
  return [told, [chunk('tool-approval-request', { approvalId: id, toolCallId: callId, isAutomatic: true }), response]];
}

/** Progress is for the moment: it is no part of the message. */
export function showProgress(state: UiState, event: EventOf<'tool.progress'>): Encoded<UiState> {
  const { callId, text } = event;
  const { name = '' } = callOf(state, callId) ?? {};
  const data = { toolCallId: callId, toolName: name, text };
  return [state, [chunk('data-tool-progress', { data, transient: true })]];
}

export function finishTool(state: UiState, event: EventOf<'tool.completed'>): Encoded<UiState> {
  const { callId, output, isError } = event;
  const told = change(state, callId, { isDone: true });
  if (isDenied(callOf(state, callId) ?? {})) return [told, [chunk('tool-output-denied', { toolCallId: callId })]];
  const result = isError
    ? chunk('tool-output-error', { toolCallId: callId, errorText: output, ...OWN_TOOL })
    : chunk('tool-output-available', { toolCallId: callId, output, ...OWN_TOOL });
  return [told, [result]];
}

function callOf({ calls }: UiState, callId: string): UiCall | undefined {
  return calls.findLast((call) => call.callId === callId);
}

function change(state: UiState, callId: string, fields: Partial<UiCall>): UiState {
  const at = state.calls.findLastIndex((call) => call.callId === callId);
  const call = state.calls[at];
  return call ? { ...state, calls: state.calls.with(at, { ...call, ...fields }) } : state;
}
