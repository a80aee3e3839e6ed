import { withDeadline, type RedisConnection } from './connect-redis.js';

/**
 * What Redis uses of its `maxmemory`, 0 to 1; 0 when it has none. A Redis that does not allow the question has no limit
 * that we could know of, so that is 0, too.
 */
export async function usedMemoryShare({ redis }: RedisConnection): Promise<number> {
  const text = await withDeadline(redis.info('memory')).catch(() => '');
  const number = (field: string): number => Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  const max = number('maxmemory');
  return max === 0 ? 0 : number('used_memory') / max;
}
