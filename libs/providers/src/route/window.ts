import type { ModelRoute } from '#libs/contract';

/** The smallest known window: a conversation that fits it fits every candidate. */
export function smallestWindow(ways: readonly Pick<ModelRoute, 'contextTokens'>[]): Pick<ModelRoute, 'contextTokens'> {
  const known = ways.flatMap(({ contextTokens }) => contextTokens ?? []);
  return known.length > 0 ? { contextTokens: Math.min(...known) } : {};
}
