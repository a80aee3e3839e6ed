import { redisApprovalMemory } from './approvals/approval-memory.js';
import { redisLiveHub } from './live/live-hub.js';
import { bullPersistQueue } from './queues/persist-queue.js';
import { bullRunQueue } from './queues/run-queue.js';
import type { RedisConnection } from './redis/connect-redis.js';
import { redisRunLog } from './run-log/run-log.js';
import { redisSessionTurns } from './session-turns/redis-session-turns.js';

/**
 * All Redis ports that a process needs to start and follow runs: the larger half of `RunsPorts` in libs/runs.
 * @param connection of the role `api`.
 * @param subscriber of the role `subscriber`, used for nothing else; `close` closes it.
 * @param instance the name of this process: its live channel, and RunSpec.instance of the runs that it opens.
 */
export function redisRunPorts(connection: RedisConnection, subscriber: RedisConnection, instance: string) {
  const hub = redisLiveHub(subscriber, instance);
  const queue = bullRunQueue(connection);
  const persist = bullPersistQueue(connection);
  return {
    log: redisRunLog(connection),
    hub,
    queue,
    persist,
    sessionTurns: redisSessionTurns(connection),
    approvals: redisApprovalMemory(connection),
    /** Closes the hub and the queues; `connection` stays open. */
    async close(): Promise<void> {
      await Promise.all([hub.close(), queue.close(), persist.close()]);
    },
  };
}
