import type { GatewayError } from '#libs/contract';
import { hintsOf } from './failures.js';
import { UPSTREAM_LIMITS } from './limits.js';
import { backoffMs } from './retry-after.js';

/**
 * Milliseconds before a failed request is sent again unchanged. undefined: it is not sent again. An upstream that asks
 * for a longer wait than retryWaitMaxMs is not asked again: another one may answer at once, and a caller who is told
 * the wait can use that time better than a run that holds a place.
 */
export function waitBeforeRetry(error: GatewayError, retries: number, retriesMax: number): number | undefined {
  const { retry, waitMs } = hintsOf(error);
  if (!retry || retries >= retriesMax) return undefined;
  if (waitMs === undefined) return backoffMs(retries);
  return waitMs <= UPSTREAM_LIMITS.retryWaitMaxMs ? waitMs : undefined;
}
