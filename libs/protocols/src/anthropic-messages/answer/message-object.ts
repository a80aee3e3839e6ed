import type { IncompleteReason, JsonObject, JsonValue, Usage } from '#libs/contract';

/** `msg_<32 hex>` for `run_<the same 32 hex>`: one message is one run. */
function messageIdOf(runId: string): string {
  return `msg_${runId.replace(/^run_/, '')}`;
}

/** The head of every message. `end` holds the stop fields and the usage of a finished one. */
export function messageObject(
  { runId, model }: { readonly runId: string; readonly model: string },
  content: readonly JsonValue[],
  end: JsonObject,
): JsonObject {
  return { id: messageIdOf(runId), type: 'message', role: 'assistant', model, content, ...end };
}

/** Usage at the start. It must be 0, because clients add the output of `message_start` to that of `message_delta`. */
export const UNFINISHED: JsonObject = {
  stop_reason: null,
  stop_sequence: null,
  stop_details: null,
  container: null,
  usage: {
    input_tokens: 0,
    output_tokens: 0,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    server_tool_use: null,
  },
};

export interface Ending {
  readonly reason: 'completed' | IncompleteReason;
  readonly hasClientCalls: boolean;
  readonly hasRefused: boolean;
}

/** `stop_reason` and what belongs to it. A run that used up its steps was cut short, like one out of tokens. */
export function stopFields({ reason, hasClientCalls, hasRefused }: Ending): JsonObject {
  const stop = stopReason(reason, { hasClientCalls, hasRefused });
  const details = stop === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null;
  return { stop_reason: stop, stop_sequence: null, stop_details: details, container: null };
}

function stopReason(reason: Ending['reason'], { hasClientCalls, hasRefused }: Omit<Ending, 'reason'>): string {
  switch (reason) {
    case 'completed':
      if (hasClientCalls) return 'tool_use';
      return hasRefused ? 'refusal' : 'end_turn';
    case 'content_filter':
      return 'refusal';
    case 'max_output_tokens':
    case 'max_steps':
    case 'max_cost':
      return 'max_tokens';
  }
}

/** Input tokens read from or written into a cache are counted separately (Anthropic API reference, Messages, usage). */
export function messageUsage(usage: Usage): JsonObject {
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens = 0, reasoningTokens } = usage;
  return {
    input_tokens: Math.max(0, inputTokens - cachedInputTokens - cacheWriteTokens),
    output_tokens: outputTokens,
    cache_creation_input_tokens: cacheWriteTokens,
    cache_read_input_tokens: cachedInputTokens,
    output_tokens_details: { thinking_tokens: reasoningTokens },
    server_tool_use: null,
  };
}
