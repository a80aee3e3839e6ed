import type { WorkerInfo, WorkerRegistry } from '#libs/contract';
import { createHash } from 'node:crypto';
import { withinDeadline, type RedisConnection } from '../redis/connect-redis.js';

/** A worker that has been silent for this time is forgotten, together with its models. */
const FORGET_AFTER_MS = 86_400_000;

/** Silent for so long from the start, so that nobody counts what is remembered as alive (three heartbeats). */
export const LEFT_SILENT_MS = 20_000;

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
    async leave(workerId) {
      const text = await redis.hget(keys.workersInfo, workerId);
      if (text !== null) {
        const memory = memoryOf(JSON.parse(text) as WorkerInfo);
        await redis.hset(keys.workersInfo, memory.id, JSON.stringify(memory));
        await redis.zadd(keys.workersSeen, (await now()) - LEFT_SILENT_MS, memory.id);
      }
      await forget([workerId]);
    },
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

/**
 * What is remembered of workers that left: one record for all that offered the same, however many came and went. A
 * deployment that is scaled to zero still knows what it serves.
 */
export function memoryOf({ id: _, active: __, ...offer }: WorkerInfo): WorkerInfo {
  const { models, tools, unknownModels, defaultModel } = offer;
  const digest = createHash('sha256')
    .update(JSON.stringify([models, tools, unknownModels, defaultModel]))
    .digest('hex');
  return { ...offer, id: `left-${digest.slice(0, 16)}`, active: 0 };
}

function pairs(flat: readonly string[]): [string, string][] {
  const rows: [string, string][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) rows.push([flat[i] as string, flat[i + 1] as string]);
  return rows;
}
