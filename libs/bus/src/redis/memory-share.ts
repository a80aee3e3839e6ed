import { withinDeadline, type RedisConnection } from './connect-redis.js';

/**
 * The share of its `maxmemory` that Redis uses, 0 to 1. 0 when there is no limit, or when the server does not allow
 * INFO and so the limit cannot be known.
 */
export async function usedMemoryShare({ redis }: RedisConnection): Promise<number> {
  const text = await withinDeadline(redis.info('memory')).catch(() => '');
  const number = (field: string): number => Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  const max = number('maxmemory');
  return max === 0 ? 0 : number('used_memory') / max;
}
