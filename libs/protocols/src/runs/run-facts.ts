import { ERRORS, type JsonObject, type RunError, type Usage } from '#libs/contract';

/** @param at milliseconds since the epoch. @returns the same in seconds, with a fraction: how Hermes tells time. */
export function seconds(at: number): number {
  return at / 1_000;
}

export function runUsage({ inputTokens, outputTokens, cachedInputTokens, reasoningTokens }: Usage): JsonObject {
  return {
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    input_tokens_details: { cached_tokens: cachedInputTokens },
    output_tokens_details: { reasoning_tokens: reasoningTokens },
  };
}

export function runError({ code, message }: RunError): JsonObject {
  return { code, message, type: ERRORS[code].type };
}
