import type { ModelRoute } from '#libs/contract';

/** The smallest window of those that are known: whoever answers, the conversation fits. */
export function smallestWindow(ways: readonly Pick<ModelRoute, 'contextTokens'>[]): Pick<ModelRoute, 'contextTokens'> {
  const known = ways.flatMap(({ contextTokens }) => contextTokens ?? []);
  return known.length > 0 ? { contextTokens: Math.min(...known) } : {};
}
