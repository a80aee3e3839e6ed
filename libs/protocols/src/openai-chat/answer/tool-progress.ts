import type { EventOf } from '#libs/contract';
import { previewOf } from '../../arguments-preview.js';
import type { Encoded } from '../../protocol/protocol.js';
import { NO_FRAMES } from '../../sse-frame.js';
import type { ChatState, ServerCall } from './chat-state.js';
import { sideEvent } from './chunk.js';

/** Calls that the gateway executes are shown next to the answer, never inside it (as in Hermes). */
export const PROGRESS_EVENT = 'hermes.tool.progress';
export const EMOJI = '🔧';

/** Keeps the label of a call whose arguments are complete. */
export function noteServerCall(state: ChatState, event: EventOf<'tool_call.ready'>): Encoded<ChatState> {
  const { callId, name } = event;
  if (isHiddenTool(name)) return [state, NO_FRAMES];
  const call: ServerCall = { callId, name, label: previewOf(event.arguments) ?? name, shown: false };
  return [{ ...state, serverCalls: [...state.serverCalls, call] }, NO_FRAMES];
}

export function showToolStart(state: ChatState, { callId, name }: EventOf<'tool.started'>): Encoded<ChatState> {
  if (isHiddenTool(name)) return [state, NO_FRAMES];
  const { label } = state.serverCalls.find((call) => call.callId === callId) ?? { label: name };
  const serverCalls = [...withoutCall(state, callId), { callId, name, label, shown: true }];
  const fields = { tool: name, emoji: EMOJI, label, toolCallId: callId, status: 'running' };
  return [{ ...state, serverCalls }, [sideEvent(state.shape, PROGRESS_EVENT, fields)]];
}

/** An end without a shown start is dropped, because no client would know what ended. */
export function showToolEnd(state: ChatState, event: EventOf<'tool.completed'>): Encoded<ChatState> {
  const { callId, name, isError, durationMs } = event;
  const call = state.serverCalls.find((known) => known.callId === callId && known.shown);
  if (!call) return [state, NO_FRAMES];
  const shown = { tool: name, emoji: EMOJI, label: call.label, toolCallId: callId };
  const fields = { ...shown, status: 'completed', is_error: isError, duration: durationMs / 1_000 };
  return [{ ...state, serverCalls: withoutCall(state, callId) }, [sideEvent(state.shape, PROGRESS_EVENT, fields)]];
}

function withoutCall({ serverCalls }: ChatState, callId: string): readonly ServerCall[] {
  return serverCalls.filter((call) => call.callId !== callId);
}

/** Internal tools, by Hermes' convention. */
export function isHiddenTool(name: string): boolean {
  return name.startsWith('_');
}
