import { ERRORS, type RunError, type Usage } from '#libs/contract';
import type { RunErrorObject, UsageObject } from '#libs/wire';

/** @param at milliseconds since the epoch. @returns the same in seconds, with a fraction, as in Hermes. */
export function seconds(at: number): number {
  return at / 1_000;
}

export function runUsage(usage: Usage): UsageObject {
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens } = usage;
  const written = cacheWriteTokens !== undefined && { cache_write_tokens: cacheWriteTokens };
  return {
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    input_tokens_details: { cached_tokens: cachedInputTokens, ...written },
    output_tokens_details: { reasoning_tokens: reasoningTokens },
  };
}

export function runError({ code, message }: RunError): RunErrorObject {
  return { code, message, type: ERRORS[code].type };
}
