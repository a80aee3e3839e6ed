import type { EventOf, LoggedEvent } from '#libs/contract';
import { parseArguments } from '../../arguments-preview.js';
import type { Encoded } from '../../protocol/protocol.js';
import { BROKEN_CALL } from '../../run-errors.js';
import { NO_FRAMES } from '../../sse-frame.js';
import { packCallState } from '../call-state.js';
import { breakOff, closeBlock, delta, openBlock, wholeBlock } from './blocks.js';
import { inTurn, type Move } from '../../protocol/moves.js';
import type { MessagesState } from './messages-state.js';
import { revealHidden, settleThinking } from './thinking.js';

/**
 * Whether an event has to wait until the open block of a call is closed: blocks come one after the other, and the block
 * of a call is closed when its arguments are complete.
 */
export function mustWait({ open, sent, saysApprovalsOf }: MessagesState, event: LoggedEvent): boolean {
  if (open?.kind !== 'tool_use') return false;
  switch (event.type) {
    case 'text.delta':
    case 'refusal.delta':
    case 'reasoning.delta':
      return event.text !== '' || 'seal' in event;
    case 'tool_call.started':
      return event.executedBy === 'client';
    case 'approval.requested':
      return saysApprovalsOf !== undefined;
    case 'tool_call.arguments.delta':
    case 'tool_call.ready':
      return event.callId !== open.callId && sent[event.callId] === undefined;
    default:
      return false;
  }
}

/**
 * The waiting events and one more. Neighbouring text is joined, and arguments are joined with earlier ones of their
 * call.
 */
export function hold(held: readonly LoggedEvent[], event: LoggedEvent): readonly LoggedEvent[] {
  const last = held.at(-1);
  if (isWords(event) && last?.type === event.type && last.step === event.step && !('seal' in last)) {
    return held.with(-1, { ...event, text: last.text + event.text } as LoggedEvent);
  }
  if (event.type === 'tool_call.arguments.delta') {
    const at = held.findLastIndex((other) => other.type === event.type && other.callId === event.callId);
    const earlier = held[at];
    if (earlier?.type === event.type) return held.with(at, { ...event, delta: earlier.delta + event.delta });
  }
  return [...held, event];
}

type Words = LoggedEvent & { type: 'text.delta' | 'refusal.delta' | 'reasoning.delta' };

const isWords = (event: LoggedEvent): event is Words =>
  event.type === 'text.delta' || event.type === 'refusal.delta' || event.type === 'reasoning.delta';

/** Whether the open call can be closed: its arguments are a complete object, and another call begins. */
export function isWhole({ open, sent }: MessagesState): boolean {
  return open?.kind === 'tool_use' && parseArguments(sent[open.callId] ?? '') !== undefined;
}

/** A call of the caller's tool: its block stays open until the arguments are complete. */
export function startCall(state: MessagesState, event: EventOf<'tool_call.started'>): Encoded<MessagesState> {
  const { callId, name, extraContent } = event;
  const begun: MessagesState = {
    ...state,
    isCommitted: true,
    hasClientCalls: true,
    sent: { ...state.sent, [callId]: '' },
    ...(extraContent && { attached: { ...state.attached, [callId]: extraContent } }),
  };
  const block = { type: 'tool_use', id: callId, name, input: {} };
  const open = openBlock(block, () => ({ kind: 'tool_use', callId }));
  return inTurn(begun, settleThinking, closeBlock, revealHidden, open);
}

/** Arguments of the gateway's own calls find no call here, because those blocks are sent whole. */
export function continueCall(state: MessagesState, callId: string, text: string): Encoded<MessagesState> {
  const { open, sent } = state;
  const before = sent[callId];
  if (before === undefined || text === '') return [state, NO_FRAMES];
  const grown = { ...state, sent: { ...sent, [callId]: before + text } };
  // The block of a call that looked complete is closed. Late arguments may only be blank: `finishCall` checks them.
  if (open?.kind !== 'tool_use' || open.callId !== callId) return [grown, NO_FRAMES];
  // The official SDK reads blank arguments as broken JSON, and empty ones as an empty object.
  return /\S/.test(before + text)
    ? inTurn(grown, delta({ type: 'input_json_delta', partial_json: text }))
    : [grown, NO_FRAMES];
}

/** The arguments are complete. They must continue the part that was already sent. */
export function finishCall(state: MessagesState, event: EventOf<'tool_call.ready'>): Encoded<MessagesState> {
  const { callId, extraContent } = event;
  const sent = state.sent[callId];
  if (sent === undefined) return [state, NO_FRAMES];
  if (!event.arguments.startsWith(sent)) return breakOff(state, BROKEN_CALL);
  const known = extraContent ? { ...state, attached: { ...state.attached, [callId]: extraContent } } : state;
  if (state.open?.kind === 'tool_use' && state.open.callId === callId) {
    return inTurn(known, (open) => continueCall(open, callId, event.arguments.slice(sent.length)), closeBlock);
  }
  // The block was closed when another call began.
  return parseArguments(event.arguments) ? [known, NO_FRAMES] : breakOff(state, BROKEN_CALL);
}

/**
 * State that upstreams attached to calls, as blocks that clients send back. They come at the end of the step, because
 * an upstream may send this state last of all.
 */
export const tellAttached: Move<MessagesState> = (state) => {
  const blocks = Object.entries(state.attached).map(([callId, extraContent]) =>
    wholeBlock({ type: 'redacted_thinking', data: packCallState({ callId, extraContent }) }),
  );
  return inTurn({ ...state, attached: {} }, ...blocks);
};
