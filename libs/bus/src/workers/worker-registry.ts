import type { WorkerInfo, WorkerRegistry } from '#libs/contract';
import { withinDeadline, type RedisConnection } from '../redis/connect-redis.js';

/** A worker that was silent for so long is forgotten, together with its models. */
const FORGET_AFTER_MS = 86_400_000;

/** Workers' announcements on Redis. Only Redis' clock measures ages, so differing clocks do no harm. */
export function redisWorkerRegistry({ redis, keys }: RedisConnection): WorkerRegistry {
  const now = async (): Promise<number> => {
    const [seconds, micros] = await redis.time();
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  };
  const forget = async (workerIds: readonly string[]): Promise<void> => {
    if (workerIds.length === 0) return;
    await redis.hdel(keys.workersInfo, ...workerIds);
    await redis.zrem(keys.workersSeen, ...workerIds);
  };

  return {
    async announce(info) {
      await redis.hset(keys.workersInfo, info.id, JSON.stringify(info));
      await redis.zadd(keys.workersSeen, await now(), info.id);
    },
    leave: (workerId) => forget([workerId]),
    list: () =>
      withinDeadline(
        (async () => {
          const [at, infos, seen] = await Promise.all([
            now(),
            redis.hgetall(keys.workersInfo),
            redis.zrange(keys.workersSeen, '0', '-1', 'WITHSCORES'),
          ]);
          const rows = pairs(seen).map(([id, score]) => ({ id, silentMs: Math.max(0, at - Number(score)) }));
          const stale = rows.filter((row) => row.silentMs > FORGET_AFTER_MS);
          await forget(stale.map((row) => row.id));
          return rows.flatMap(({ id, silentMs }) => {
            const text = infos[id];
            return text && silentMs <= FORGET_AFTER_MS ? [{ info: JSON.parse(text) as WorkerInfo, silentMs }] : [];
          });
        })(),
      ),
  };
}

function pairs(flat: readonly string[]): [string, string][] {
  const rows: [string, string][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) rows.push([flat[i] as string, flat[i + 1] as string]);
  return rows;
}
