import type { GatewayError, Message } from '#libs/contract';
import { refuse } from '../../request-place.js';

/** Ids of calls that these messages answer but do not contain. */
export function strayResults(messages: readonly Message[]): string[] {
  const calls = new Set(
    messages.flatMap((message) => (message.role === 'assistant' ? message.toolCalls.map(({ callId }) => callId) : [])),
  );
  return messages.flatMap((message) => (message.role === 'tool' && !calls.has(message.callId) ? [message.callId] : []));
}

const QUOTE_CHARS_MAX = 64;

/** A call without a result may be answered later; a result without a call has no use. */
export function noCallOf(callId: string): GatewayError {
  const quoted = JSON.stringify(callId.slice(0, QUOTE_CHARS_MAX));
  return refuse('input', `has no tool call for the function call output with call_id ${quoted}.`);
}
