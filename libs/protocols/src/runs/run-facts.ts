import { ERRORS, SPEND_FIELDS, type RunError, type SpendLimit, type SpendLimits, type Usage } from '#libs/contract';
import type { LimitObject, RunErrorObject, SpendFields, UsageObject } from '#libs/wire';

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

/** The bound of the cost that ended a run, by its name in the request. */
export const limitFields = ({ scope, maxCost, cost }: SpendLimit): LimitObject => ({
  limit: SPEND_FIELDS[scope],
  max_cost: maxCost,
  cost,
});

/** The bounds of the cost under the names that they have in the request. */
export const spendFields = ({ run, session, job }: SpendLimits = {}): SpendFields => ({
  ...(run !== undefined && { max_cost: run }),
  ...(session !== undefined && { session_max_cost: session }),
  ...(job !== undefined && { job_max_cost: job }),
});
