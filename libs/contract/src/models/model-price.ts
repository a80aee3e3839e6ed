import type { RunSnapshot } from '../runs/run-snapshot.js';

/** Prices per million tokens, in the operator's currency. */
export interface ModelPrice {
  readonly input: number;
  /** For input that the upstream read from its cache. */
  readonly cachedInput: number;
  /** For input that the upstream wrote into its cache. Absent: the price of other input. */
  readonly cacheWrite?: number;
  readonly output: number;
}

/** By `priceKey`. */
export type PriceTable = ReadonlyMap<string, ModelPrice>;

/** Prices belong to a model at an upstream, because the same name may cost something else at another upstream. */
export const priceKey = (upstream: string, model: string): string => JSON.stringify([upstream, model]);

const MILLION = 1_000_000;

/**
 * The cost of a run's completed steps, each at the price of the model that answered it. Steps of models without a price
 * cost nothing. undefined when no step has a price.
 */
export function costOf({ steps }: Pick<RunSnapshot, 'steps'>, prices: PriceTable): number | undefined {
  let cost: number | undefined;
  for (const { upstream, model, usage } of steps) {
    const price = usage && prices.get(priceKey(upstream, model));
    if (!price) continue;
    const { inputTokens, cachedInputTokens, cacheWriteTokens = 0, outputTokens } = usage;
    const cached = Math.min(cachedInputTokens, inputTokens);
    const written = Math.min(cacheWriteTokens, inputTokens - cached);
    const sum =
      (inputTokens - cached - written) * price.input +
      cached * price.cachedInput +
      written * (price.cacheWrite ?? price.input) +
      outputTokens * price.output;
    cost = (cost ?? 0) + sum / MILLION;
  }
  return cost;
}
