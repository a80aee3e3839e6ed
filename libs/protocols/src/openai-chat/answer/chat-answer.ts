import type { IncompleteReason, JsonObject, Usage } from '#libs/contract';

export type ChatFinish = 'stop' | 'length' | 'tool_calls' | 'content_filter';

/** For an incomplete run. One that used up its steps or its money counts as cut short, like one without tokens left. */
export const FINISH_OF_INCOMPLETE: Readonly<Record<IncompleteReason, ChatFinish>> = {
  max_output_tokens: 'length',
  content_filter: 'content_filter',
  max_steps: 'length',
  max_cost: 'length',
};

/** `tool_calls` only when the caller has calls to execute, because SDKs run an agent loop on it. */
export function finishOfCompleted(reason: 'stop' | 'tool_calls', hasClientCalls: boolean): ChatFinish {
  return reason === 'tool_calls' && hasClientCalls ? 'tool_calls' : 'stop';
}

export function chatId(runId: string): string {
  return `chatcmpl-${runId.replace(/^run_/, '')}`;
}

/** @param at milliseconds. @returns whole seconds. */
export function chatCreated(at: number): number {
  return Math.floor(at / 1_000);
}

export function chatUsage(usage: Usage): JsonObject {
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens } = usage;
  const written = cacheWriteTokens !== undefined && { cache_write_tokens: cacheWriteTokens };
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: cachedInputTokens, ...written },
    completion_tokens_details: { reasoning_tokens: reasoningTokens },
  };
}
