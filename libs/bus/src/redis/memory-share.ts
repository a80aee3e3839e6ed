import { LIMITS } from '#libs/contract';
import { withinDeadline, type RedisConnection } from './connect-redis.js';

/**
 * The share of its `maxmemory` that Redis uses, 0 to 1. 0 when there is no limit, or when the server does not allow
 * INFO and so the limit cannot be known.
 */
export async function usedMemoryShare({ redis }: Pick<RedisConnection, 'redis'>): Promise<number> {
  const text = await withinDeadline(redis.info('memory')).catch(() => '');
  const number = (field: string): number => Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  const max = number('maxmemory');
  return max === 0 ? 0 : number('used_memory') / max;
}

/** Below the first share a stored log keeps its whole life, above the second the shortest; new runs end at 0.85. */
const EASY_SHARE = 0.4;
const FULL_SHARE = 0.8;

/**
 * Seconds for which the log of a stored run stays: LIMITS.runLogTtlSeconds, and less the fuller Redis is, down to
 * LIMITS.runLogTtlSecondsMin. What continues the run or reads it again then asks the store.
 * @param share as of `usedMemoryShare`.
 */
export function logLifeSeconds(share: number): number {
  const { runLogTtlSeconds: whole, runLogTtlSecondsMin: least } = LIMITS;
  const pressure = Math.min(1, Math.max(0, (share - EASY_SHARE) / (FULL_SHARE - EASY_SHARE)));
  // By factors: from an hour to a minute a straight line would leave half an hour where memory is nearly gone.
  return Math.round(whole * (least / whole) ** pressure);
}
