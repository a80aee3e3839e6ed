import { type Idempotency, LIMITS, type Reservation } from '#libs/contract';
import { hash } from 'node:crypto';
import type { RedisKeys } from '../keys.js';
import { runScript, withinDeadline, type RedisConnection } from '../redis/connect-redis.js';
import { MARK_MADE, RELEASE_KEY } from '../scripts/admission-scripts.js';

/** The Redis key that belongs to a scope. */
export const idempotencyKeyName = (keys: RedisKeys, scope: string): string =>
  keys.idempotency(hash('sha256', scope, 'hex'));

/** Idempotency keys on Redis, one string each, shared by all API replicas. */
export function redisIdempotency({ redis, keys }: RedisConnection): Idempotency {
  const keyOf = (scope: string): string => idempotencyKeyName(keys, scope);
  return {
    async reserve(scope, fingerprint, runId) {
      const value = `${fingerprint} ${runId}`;
      const set = redis.set(keyOf(scope), value, 'EX', LIMITS.idempotencyTtlSeconds, 'NX', 'GET');
      return toReservation(await withinDeadline(set), fingerprint);
    },
    async markMade(scope, runId) {
      await withinDeadline(runScript(redis, MARK_MADE, [keyOf(scope)], [runId]));
    },
    async release(scope, runId) {
      await withinDeadline(runScript(redis, RELEASE_KEY, [keyOf(scope)], [runId]));
    },
  };
}

/**
 * @param held the key's earlier value: null, or `<fingerprint> <runId>`, followed by ` opened` once the run was opened.
 */
export function toReservation(held: string | null, fingerprint: string): Reservation {
  if (held === null) return { kind: 'new' };
  const [heldFingerprint, runId = '', mark] = held.split(' ');
  if (heldFingerprint !== fingerprint) return { kind: 'conflict' };
  return { kind: 'same', runId, wasOpened: mark !== undefined };
}
