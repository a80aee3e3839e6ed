import type { EventOf } from '#libs/contract';
import type { Encoded } from '../../protocol/protocol.js';
import { unpackCustomInput } from '../../custom-tools.js';
import { BROKEN_CALL } from '../../run-errors.js';
import { NO_FRAMES, type SseFrame } from '../../sse-frame.js';
import type { ChatState } from './chat-state.js';
import { deltaChunk, type ChunkShape } from './chunk.js';
import { breakOff } from './stream-end.js';

/** The first fragment: no other has id, type and name (OpenAI API reference, chat completion chunks). */
export function startCall(state: ChatState, event: EventOf<'tool_call.started'>): Encoded<ChatState> {
  const { callId, name, extraContent } = event;
  const index = state.calls.length;
  const isCustom = state.custom.has(name);
  const words = isCustom
    ? { type: 'custom', custom: { name, input: '' } }
    : { type: 'function', function: { name, arguments: '' } };
  const extra = extraContent && { extra_content: extraContent };
  const call = { index, id: callId, ...words, ...extra };
  const calls = [...state.calls, { callId, sent: '', hasExtra: extra !== undefined, isCustom }];
  return [{ ...state, committed: true, calls }, [deltaChunk(state.shape, { tool_calls: [call] })]];
}

/** Deltas of the gateway's own calls find no call here and are not shown. */
export function continueCall(state: ChatState, callId: string, delta: string): Encoded<ChatState> {
  const index = state.calls.findIndex((call) => call.callId === callId);
  const call = state.calls[index];
  if (!call || delta === '' || call.isCustom) return [state, NO_FRAMES];
  const calls = state.calls.with(index, { ...call, sent: call.sent + delta });
  return [{ ...state, calls }, [argumentsChunk(state.shape, index, delta)]];
}

/** Sends the arguments that the deltas left out (all of them if there were no deltas), and late state. */
export function finishCall(state: ChatState, event: EventOf<'tool_call.ready'>): Encoded<ChatState> {
  const index = state.calls.findIndex(({ callId }) => callId === event.callId);
  const call = state.calls[index];
  if (!call) return [state, NO_FRAMES];
  if (call.isCustom) return [state, [inputChunk(state.shape, state.calls.indexOf(call), event.arguments)]];
  if (!event.arguments.startsWith(call.sent)) return breakOff(state, BROKEN_CALL);
  const [told, frames] = continueCall(state, call.callId, event.arguments.slice(call.sent.length));
  if (!event.extraContent || call.hasExtra) return [told, frames];
  return [told, [...frames, deltaChunk(state.shape, { tool_calls: [{ index, extra_content: event.extraContent }] })]];
}

function argumentsChunk(shape: ChunkShape, index: number, delta: string): SseFrame {
  return deltaChunk(shape, { tool_calls: [{ index, function: { arguments: delta } }] });
}

/** The model wrote JSON around the text, so the text is sent in one piece. */
function inputChunk(shape: ChunkShape, index: number, text: string): SseFrame {
  return deltaChunk(shape, { tool_calls: [{ index, custom: { input: unpackCustomInput(text) } }] });
}
