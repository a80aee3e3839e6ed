import type { Leases } from '#libs/contract';
import { hash } from 'node:crypto';
import { runScript, withinDeadline, type RedisConnection } from '../redis/connect-redis.js';
import { COUNT_LEASES, RENEW_LEASE, TAKE_LEASE } from '../scripts/lease-scripts.js';

/** Leases on Redis: one sorted set per name. */
export function redisLeases({ redis, keys }: RedisConnection): Leases {
  const keyOf = (name: string): string => keys.lease(hash('sha256', name, 'hex'));
  return {
    take: async (name, holder, { holdersMax, ttlMs }) =>
      (await withinDeadline(runScript(redis, TAKE_LEASE, [keyOf(name)], [holder, ttlMs, holdersMax]))) === 1,
    renew: async (name, holder, ttlMs) =>
      (await withinDeadline(runScript(redis, RENEW_LEASE, [keyOf(name)], [holder, ttlMs]))) === 1,
    async release(name, holder) {
      await withinDeadline(redis.zrem(keyOf(name), holder));
    },
    count: async (names) =>
      await withinDeadline(
        Promise.all(names.map(async (name) => Number(await runScript(redis, COUNT_LEASES, [keyOf(name)], [])))),
      ),
  };
}
