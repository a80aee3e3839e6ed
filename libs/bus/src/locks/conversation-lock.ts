import { type ConversationLock, LIMITS } from '#libs/contract';
import { hash } from 'node:crypto';
import { runScript, withinDeadline, type RedisConnection } from '../redis/connect-redis.js';
import { BEGIN_TURN, GIVE_TURN_BACK, LAST_TURN } from '../scripts/admission-scripts.js';

/** The lock on Redis, shared by all API replicas. Rejects with GatewayError `queue_unavailable`. */
export function redisConversationLock({ redis, keys }: RedisConnection): ConversationLock {
  const keyOf = (conversation: string): string => keys.conversation(hash('sha256', conversation, 'hex'));
  return {
    async last(conversation) {
      const reply = await withinDeadline(runScript(redis, LAST_TURN, [keyOf(conversation)], []));
      const [runId, ageMs] = reply as [string?, number?];
      return runId === undefined ? undefined : { runId, ageMs: Math.max(0, ageMs ?? 0) };
    },
    async begin(conversation, runId, after) {
      const args = [runId, after ?? '', LIMITS.runLogOrphanTtlSeconds];
      return (await withinDeadline(runScript(redis, BEGIN_TURN, [keyOf(conversation)], args))) === 1;
    },
    async giveBack(conversation, runId, before) {
      const args = [runId, before?.runId ?? '', before?.ageMs ?? 0, LIMITS.runLogOrphanTtlSeconds];
      await withinDeadline(runScript(redis, GIVE_TURN_BACK, [keyOf(conversation)], args));
    },
    async forget(conversation) {
      await withinDeadline(redis.del(keyOf(conversation)));
    },
  };
}

/** The same in memory, for tests. */
export function memoryConversationLock(): ConversationLock {
  const turns = new Map<string, { readonly runId: string; readonly at: number }>();
  return {
    async last(conversation) {
      const turn = turns.get(conversation);
      return turn && { runId: turn.runId, ageMs: Date.now() - turn.at };
    },
    async begin(conversation, runId, after) {
      if (turns.get(conversation)?.runId !== after) return false;
      turns.set(conversation, { runId, at: Date.now() });
      return true;
    },
    async giveBack(conversation, runId, before) {
      if (turns.get(conversation)?.runId !== runId) return;
      if (before) turns.set(conversation, { runId: before.runId, at: Date.now() - before.ageMs });
      else turns.delete(conversation);
    },
    async forget(conversation) {
      turns.delete(conversation);
    },
  };
}
