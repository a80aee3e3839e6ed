import type { RunSnapshot } from '../runs/run-snapshot.js';

/** Prices of a million tokens, in whatever currency the operator writes them. */
export interface ModelPrice {
  readonly input: number;
  /** Of input that the upstream had in its cache. */
  readonly cachedInput: number;
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
    const { inputTokens, cachedInputTokens, outputTokens } = usage;
    const cached = Math.min(cachedInputTokens, inputTokens);
    const sum = (inputTokens - cached) * price.input + cached * price.cachedInput + outputTokens * price.output;
    cost = (cost ?? 0) + sum / MILLION;
  }
  return cost;
}
