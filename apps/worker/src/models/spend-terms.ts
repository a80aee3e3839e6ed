import { priceTable, type ModelsConfig, type RouteConfig } from '#libs/config';
import { priceKey, type ModelPrice, type PriceTable } from '#libs/contract';

/** What a call of a model may cost at most. */
export interface SpendTerms {
  /** Of each kind of token, the dearest price among all that may answer. */
  readonly price: ModelPrice;
  /** The highest bound of an answer when the caller names none. Absent: one of them has none. */
  readonly outputTokens?: number;
}

/** The prices, and the terms of every model name. Both are those of the start: a reload changes no prices. */
export interface ModelPrices {
  readonly prices: PriceTable;
  /** undefined: something that may answer under the name has no price, or nothing answers under it. */
  termsOf(model: string): SpendTerms | undefined;
}

/** @param routes throws for a name that leads nowhere now. */
export function modelPrices(
  config: ModelsConfig,
  routes: { entries(name: string): readonly (readonly string[])[] },
): ModelPrices {
  const prices = priceTable(config);
  const candidatesOf = (name: string): readonly (readonly string[])[] => {
    try {
      return prices.size === 0 ? [] : routes.entries(name);
    } catch {
      return [];
    }
  };
  return { prices, termsOf: (model) => spendTerms(candidatesOf(model), config.routes, prices) };
}

/**
 * The terms of a model name. undefined when something that may answer under it has no price.
 * @param candidates for each candidate behind the name the entries of `models` that apply: `ModelRoutes.entries`.
 */
export function spendTerms(
  candidates: readonly (readonly string[])[],
  routes: readonly RouteConfig[],
  prices: PriceTable,
): SpendTerms | undefined {
  const rows = candidates.map((names) => routes.filter(({ name }) => names.includes(name)));
  if (rows.length === 0 || rows.some((own) => own.length === 0)) return undefined;
  const members = rows
    .flat()
    .flatMap(({ upstream, pool = [upstream], model }) => pool.map((name) => prices.get(priceKey(name, model))));
  const known = members.filter((price) => price !== undefined);
  if (known.length < members.length) return undefined;
  const bounds = rows.map((own) => Math.max(...own.map(({ outputTokens = 0 }) => outputTokens)));
  return { price: dearest(known), ...(Math.min(...bounds) > 0 && { outputTokens: Math.max(...bounds) }) };
}

function dearest(prices: readonly ModelPrice[]): ModelPrice {
  const most = (of: (price: ModelPrice) => number): number => Math.max(...prices.map(of));
  return {
    input: most(({ input }) => input),
    cachedInput: most(({ cachedInput }) => cachedInput),
    cacheWrite: most(({ cacheWrite, input }) => cacheWrite ?? input),
    output: most(({ output }) => output),
  };
}
