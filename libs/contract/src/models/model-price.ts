import type { RunSnapshot } from '../runs/run-snapshot.js';

/** Prices of a million tokens, in whatever currency the operator writes them. */
export interface ModelPrice {
  readonly input: number;
  /** Of input that the upstream had in its cache. */
  readonly cachedInput: number;
  /** Of input that the upstream wrote into its cache. Absent: as other input. */
  readonly cacheWrite?: number;
  readonly output: number;
}

/** By `priceKey`. */
export type PriceTable = ReadonlyMap<string, ModelPrice>;

/** A model is priced where it is served: the same name may cost something else elsewhere. */
export const priceKey = (upstream: string, model: string): string => JSON.stringify([upstream, model]);

const MILLION = 1_000_000;

/**
 * What the completed steps of a run cost, each by the model that answered it. Steps of models without a price cost
 * nothing; undefined when no step has a price.
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
