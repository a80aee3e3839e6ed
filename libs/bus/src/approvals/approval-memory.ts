import { type ApprovalContext, type ApprovalMemory, LIMITS } from '#libs/contract';
import { createHash } from 'node:crypto';
import { inTime, type RedisConnection } from '../redis/connect-redis.js';

/**
 * Remembered approvals on Redis: one set per key, kept for ever, and one per session, kept for some time after its last
 * answer.
 */
export function redisApprovalMemory(connection: RedisConnection): ApprovalMemory {
  const { redis, keys } = connection;
  const sessionKey = ({ owner, session }: ApprovalContext): string =>
    keys.allowedIn(
      createHash('sha256')
        .update(JSON.stringify([owner, session]))
        .digest('hex'),
    );
  return {
    async recall(place, scope) {
      const always = redis.sismember(keys.allowedBy(place.owner), scope);
      const [forEver, inSession] = await inTime(
        connection,
        Promise.all([always, redis.sismember(sessionKey(place), scope)]),
      );
      return forEver === 1 ? 'always' : inSession === 1 ? 'session' : undefined;
    },
    async remember(place, scope, decision) {
      const key = decision === 'always' ? keys.allowedBy(place.owner) : sessionKey(place);
      if ((await inTime(connection, redis.scard(key))) >= LIMITS.rememberedApprovalsMax) return;
      await inTime(connection, redis.sadd(key, scope));
      if (decision === 'session') await inTime(connection, redis.expire(key, LIMITS.sessionApprovalSeconds));
    },
    async always(owner) {
      return (await inTime(connection, redis.smembers(keys.allowedBy(owner)))).sort();
    },
    async forget(owner, scope) {
      return (await inTime(connection, redis.srem(keys.allowedBy(owner), scope))) === 1;
    },
    async forgetAll(owner) {
      const key = keys.allowedBy(owner);
      const count = await inTime(connection, redis.scard(key));
      if (count > 0) await inTime(connection, redis.unlink(key));
      return count;
    },
    async enterWait(owner, runId, deadline) {
      const key = keys.parkedOf(owner);
      // A waiting run that never left is removed at its deadline.
      await inTime(connection, redis.zremrangebyscore(key, '-inf', Date.now()));
      const [others, known] = await inTime(connection, Promise.all([redis.zcard(key), redis.zscore(key, runId)]));
      if (known === null && others >= LIMITS.parkedRunsPerKeyMax) return false;
      await inTime(connection, redis.zadd(key, deadline, runId));
      return true;
    },
    async leaveWait(owner, runId) {
      await inTime(connection, redis.zrem(keys.parkedOf(owner), runId));
    },
    async waiting(owner, runIds) {
      if (runIds.length === 0) return new Set();
      const deadlines = await inTime(connection, redis.zmscore(keys.parkedOf(owner), ...runIds));
      return new Set(runIds.filter((_, at) => Number(deadlines[at] ?? 0) > Date.now()));
    },
  };
}

/** The same in memory, for tests; sessions never expire. */
export function memoryApprovalMemory(): ApprovalMemory {
  const sets = new Map<string, Set<string>>();
  const waits = new Map<string, Map<string, number>>();
  const setOf = (key: string): Set<string> => {
    const set = sets.get(key) ?? new Set<string>();
    sets.set(key, set);
    return set;
  };
  const sessionKey = ({ owner, session }: ApprovalContext): string => JSON.stringify([owner, session]);
  return {
    async recall(place, scope) {
      if (setOf(place.owner).has(scope)) return 'always';
      return setOf(sessionKey(place)).has(scope) ? 'session' : undefined;
    },
    async remember(place, scope, decision) {
      const set = setOf(decision === 'always' ? place.owner : sessionKey(place));
      if (set.size < LIMITS.rememberedApprovalsMax) set.add(scope);
    },
    always: async (owner) => [...setOf(owner)].sort(),
    forget: async (owner, scope) => setOf(owner).delete(scope),
    async forgetAll(owner) {
      const count = setOf(owner).size;
      sets.delete(owner);
      return count;
    },
    async enterWait(owner, runId, deadline) {
      const waiting = waits.get(owner) ?? new Map<string, number>();
      waits.set(owner, waiting);
      const isFull = (): boolean => !waiting.has(runId) && waiting.size >= LIMITS.parkedRunsPerKeyMax;
      // Runs past their deadline only matter when the limit is reached.
      if (isFull()) for (const [id, until] of waiting) if (until <= Date.now()) waiting.delete(id);
      if (isFull()) return false;
      waiting.set(runId, deadline);
      return true;
    },
    leaveWait: async (owner, runId) => void waits.get(owner)?.delete(runId),
    waiting: async (owner, runIds) =>
      new Set(runIds.filter((runId) => (waits.get(owner)?.get(runId) ?? 0) > Date.now())),
  };
}
