import type { RunError } from '#libs/contract';
import { errorBody } from '../../error-body.js';
import type { Encoded } from '../../protocol/protocol.js';
import type { SseFrame } from '../../sse-frame.js';
import type { ChatFinish } from './chat-answer.js';
import type { ChatState } from './chat-state.js';
import { finishChunk, usageChunk } from './chunk.js';

const DONE: SseFrame = { data: '[DONE]' };

/** Ends a complete or cut answer: finish chunk, usage if it was asked for, [DONE]. */
export function finish(state: ChatState, reason: ChatFinish): Encoded<ChatState> {
  const { shape, usage } = state;
  const last = finishChunk(shape, reason, { usage: state.usageOnFinish ? usage : undefined, tier: state.serviceTier });
  const extra = state.includeUsage ? [usageChunk(shape, usage)] : [];
  return [{ ...state, ended: true }, [last, ...extra, DONE]];
}

/**
 * Ends a failed answer: the error, then [DONE], and no finish_reason. Clients take the end of the body for a normal
 * end, so silence would look like success.
 */
export function breakOff(state: ChatState, error: RunError): Encoded<ChatState> {
  return [{ ...state, ended: true }, [{ data: JSON.stringify(errorBody(error)) }, DONE]];
}
