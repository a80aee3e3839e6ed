import type { RedisConnection } from '../redis/connect-redis.js';

/**
 * Runs that wait for a worker with their model. In BullMQ they are delayed for moments, so they are counted here: the
 * bounds of the queue and the age of what waits longest must not lose sight of them.
 */
type Place = Pick<RedisConnection, 'redis' | 'keys'>;

/** What was not taken out, because Redis failed just then, is forgotten after a day. */
const FORGET_AFTER_MS = 86_400_000;

/** @param since ms since the epoch: when the first worker lacked the model. */
export async function noteHandedOn({ redis, keys }: Place, jobId: string, since: number): Promise<void> {
  await redis.zremrangebyscore(keys.handedOn, '-inf', Date.now() - FORGET_AFTER_MS);
  await redis.zadd(keys.handedOn, since, jobId);
}

/** These jobs have found their worker, or are gone. */
export async function forgetHandedOn({ redis, keys }: Place, jobIds: readonly string[]): Promise<void> {
  await redis.zrem(keys.handedOn, ...jobIds);
}

export const countHandedOn = ({ redis, keys }: Place): Promise<number> => redis.zcard(keys.handedOn);

/** When (ms since the epoch) the oldest of them was first handed on; undefined: there is none. */
export async function oldestHandedOn({ redis, keys }: Place): Promise<number | undefined> {
  const [, since] = await redis.zrange(keys.handedOn, '0', '0', 'WITHSCORES');
  return since === undefined ? undefined : Number(since);
}
