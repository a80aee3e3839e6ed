import { isBehind, type LiveRun, type LiveRuns, type LoggedEvent, type RunPosition } from '#libs/contract';
import { withinDeadline, type RedisConnection } from '../redis/connect-redis.js';
import { HEAD_FIELDS, toHead } from '../run-log/run-log-replies.js';

/**
 * Entries with the same creation time that are read together. No API key starts more runs than this in one millisecond.
 */
const SAME_TIME_MAX = 200;

/**
 * The index of a key's runs that the store has not confirmed. Entries whose log no longer exists are removed when a
 * list comes across them.
 */
export function redisLiveRuns({ redis, keys }: RedisConnection): LiveRuns {
  const read = async ({ runId, createdAt }: RunPosition): Promise<LiveRun> => {
    const log = keys.log(runId);
    const [fields, first, last] = await Promise.all([
      redis.hmget(keys.meta(runId), ...HEAD_FIELDS),
      redis.xrange(log, '-', '+', 'COUNT', 1),
      redis.xrevrange(log, '+', '-', 'COUNT', 1),
    ]);
    const head = toHead(fields, keys.live(''));
    const events = [first, last].map(([row]) => JSON.parse(row?.[1][1] ?? 'null') as LoggedEvent | null);
    const [queued, latest] = events;
    return { runId, createdAt, ...(head && { head }), ...(queued && latest && { events: [queued, latest] }) };
  };
  return {
    list: (owner, limit, after) =>
      withinDeadline(
        (async () => {
          const key = keys.runsOf(owner);
          const max = after === undefined ? '+inf' : after.createdAt;
          const count = limit + (after === undefined ? 0 : SAME_TIME_MAX);
          const rows = await redis.zrevrangebyscore(key, max, '-inf', 'WITHSCORES', 'LIMIT', 0, count);
          const places = placesOf(rows).filter((place) => isBehind(place, after));
          const runs = await Promise.all(places.slice(0, limit).map(read));
          const gone = runs.filter(({ head }) => !head).map(({ runId }) => runId);
          if (gone.length > 0) await redis.zrem(key, ...gone);
          return runs;
        })(),
      ),
  };
}

function placesOf(rows: readonly string[]): RunPosition[] {
  const places: RunPosition[] = [];
  for (let i = 0; i + 1 < rows.length; i += 2) places.push({ runId: rows[i] ?? '', createdAt: Number(rows[i + 1]) });
  return places;
}
