import type { EventOf } from '#libs/contract';
import { parseArguments } from '../../arguments-preview.js';
import type { Encoded } from '../../protocol/protocol.js';
import { NO_FRAMES } from '../../sse-frame.js';
import { packCallState } from '../call-state.js';
import { closeBlock, delta, openBlock, SERVER_NAME, wholeBlock } from './blocks.js';
import { inTurn, nothing, type MessagesState, type Move, type WaitingCall } from './messages-state.js';
import { revealHidden, settleThinking } from './thinking.js';

/** A call of the caller's tool. Its block begins at once, unless that of an earlier call is not finished. */
export function startCall(state: MessagesState, event: EventOf<'tool_call.started'>): Encoded<MessagesState> {
  const { callId, name, extraContent } = event;
  const call: WaitingCall = { callId, name, arguments: '', sent: 0, ...(extraContent && { extraContent }) };
  const [current] = state.calls;
  const isWhole = current !== undefined && parseArguments(current.arguments) !== undefined;
  const waiting: MessagesState = {
    ...state,
    isCommitted: true,
    hasClientCalls: true,
    calls: [...(isWhole ? state.calls.slice(1) : state.calls), call],
  };
  if (current && !isWhole) return [waiting, NO_FRAMES];
  return inTurn(waiting, settleThinking, closeBlock, revealHidden, openCall);
}

/** Begins the block of the first waiting call, and says what is known of its arguments. */
const openCall: Move = (state) => {
  const [call] = state.calls;
  if (!call) return [state, NO_FRAMES];
  const { callId, name, extraContent } = call;
  const attached = extraContent
    ? wholeBlock({ type: 'redacted_thinking', data: packCallState({ callId, extraContent }) })
    : nothing;
  const block = { type: 'tool_use', id: callId, name, input: {} };
  return inTurn(
    state,
    attached,
    openBlock(block, () => ({ kind: 'tool_use', callId })),
    sayArguments,
  );
};

/** Says the arguments of the open call that were not said yet. */
const sayArguments: Move = (state) => {
  const [call, ...others] = state.calls;
  if (!call || call.sent === call.arguments.length) return [state, NO_FRAMES];
  const rest = call.arguments.slice(call.sent);
  const told = { ...state, calls: [{ ...call, sent: call.arguments.length }, ...others] };
  return inTurn(told, delta({ type: 'input_json_delta', partial_json: rest }));
};

/** Arguments of the gateway's own calls find no call here: those blocks come whole. */
export function continueCall(state: MessagesState, callId: string, text: string): Encoded<MessagesState> {
  const at = state.calls.findIndex((call) => call.callId === callId);
  const call = state.calls[at];
  if (!call || text === '') return [state, NO_FRAMES];
  const grown = { ...state, calls: state.calls.with(at, { ...call, arguments: call.arguments + text }) };
  return at === 0 ? sayArguments(grown) : [grown, NO_FRAMES];
}

/** The arguments are complete. The blocks of later calls wait for this one's end. */
export function finishCall(state: MessagesState, event: EventOf<'tool_call.ready'>): Encoded<MessagesState> {
  const at = state.calls.findIndex((call) => call.callId === event.callId);
  const call = state.calls[at];
  if (!call) return [state, NO_FRAMES];
  const whole = { ...call, arguments: event.arguments };
  if (at > 0) {
    const attached = event.extraContent && { extraContent: event.extraContent };
    return [{ ...state, calls: state.calls.with(at, { ...whole, ...attached }) }, NO_FRAMES];
  }
  const known = { ...state, calls: state.calls.with(at, whole) };
  const { callId, extraContent } = event;
  const isLate = extraContent !== undefined && call.extraContent === undefined;
  const late = isLate
    ? wholeBlock({ type: 'redacted_thinking', data: packCallState({ callId, extraContent }) })
    : nothing;
  return inTurn(known, sayArguments, closeBlock, late, (closed) =>
    inTurn({ ...closed, calls: closed.calls.slice(1) }, openCall),
  );
}

/** The step ends: every call that was begun is told of, as far as it came. */
export const settleCalls: Move = (state) => {
  if (state.calls.length === 0) return [state, NO_FRAMES];
  return inTurn(
    state,
    sayArguments,
    closeBlock,
    (closed) => inTurn({ ...closed, calls: closed.calls.slice(1) }, openCall),
    settleCalls,
  );
};

/** Tools by whose names Hermes hides them. */
export const isHidden = (name: string): boolean => name.startsWith('_');

/** A call of the gateway's own: told when it is carried out, with its whole input. */
export function noteRun(state: MessagesState, event: EventOf<'tool_call.ready'>): Encoded<MessagesState> {
  const { callId, name, arguments: text } = event;
  return [{ ...state, ran: { ...state.ran, [callId]: { name, arguments: text } } }, NO_FRAMES];
}

export function tellRun(state: MessagesState, { callId, name }: EventOf<'tool.started'>): Encoded<MessagesState> {
  if (isHidden(name)) return [state, NO_FRAMES];
  const input = parseArguments(state.ran[callId]?.arguments ?? '') ?? {};
  const block = { type: 'mcp_tool_use', id: callId, name, server_name: SERVER_NAME, input };
  return inTurn({ ...state, isCommitted: true }, settleThinking, closeBlock, wholeBlock(block));
}

export function tellResult(state: MessagesState, event: EventOf<'tool.completed'>): Encoded<MessagesState> {
  const { callId, name, output, isError } = event;
  if (isHidden(name)) return [state, NO_FRAMES];
  return inTurn(state, closeBlock, wholeBlock(resultBlock({ callId, output, isError })));
}

export function resultBlock(result: { readonly callId: string; readonly output: string; readonly isError: boolean }) {
  const content = [{ type: 'text', text: result.output, citations: null }];
  return { type: 'mcp_tool_result', tool_use_id: result.callId, is_error: result.isError, content };
}
