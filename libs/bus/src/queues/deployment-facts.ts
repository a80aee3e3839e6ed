import type { Queue } from 'bullmq';
import { openQueue } from './bull.js';
import { oldestHandedOn } from './handed-on.js';
import { withinDeadline, type RedisConnection } from '../redis/connect-redis.js';
import { QUEUES } from '../keys.js';
import { usedMemoryShare } from '../redis/memory-share.js';

export type QueueName = keyof typeof QUEUES;
const STATES = ['waiting', 'prioritized', 'delayed', 'active', 'failed'] as const;
export type QueueState = (typeof STATES)[number];

export interface QueueFacts {
  readonly jobs: Readonly<Record<QueueState, number>>;
  /** Age of the job that has waited longest; 0 when no job waits. */
  readonly oldestWaitMs: number;
}

export interface UnconfirmedFacts {
  readonly runs: number;
  /** Age of the oldest of them. */
  readonly oldestMs: number;
}

/**
 * Facts about the whole deployment that no single service knows, read from Redis on demand. Every method rejects with
 * GatewayError `queue_unavailable` when Redis does not answer in time.
 */
export interface DeploymentFacts {
  queue(name: QueueName): Promise<QueueFacts>;
  unconfirmed(): Promise<UnconfirmedFacts>;
  /** The share of its memory that Redis uses, 0 to 1; 0 when it has no limit. */
  memoryShare(): Promise<number>;
  /** Milliseconds of one round trip. */
  redisLatency(): Promise<number>;
  /** The queues for the dashboard; objects of BullMQ, which this process must not close. */
  queues(): readonly BullQueue[];
  close(): Promise<void>;
}

/**
 * The runs of a key wait in order, but keys take turns: the oldest run is among the next ones, not always the first.
 */
const NEXT_IN_LINE = 50;

export type BullQueue = Queue;

export const QUEUE_NAMES = Object.keys(QUEUES) as readonly QueueName[];

/** @param connection of role `api`: operators must not wait for an unreachable Redis. */
export function redisFacts(connection: RedisConnection, now: () => number = Date.now): DeploymentFacts {
  const { redis, keys } = connection;
  const open = (name: string): Queue => openQueue(connection, name);
  const queues = { runs: open(QUEUES.runs), persist: open(QUEUES.persist), ticks: open(QUEUES.ticks) };
  const read = async (queue: Queue): Promise<QueueFacts> => {
    const [jobs, waiting, prioritized, handedOn] = await Promise.all([
      queue.getJobCounts(...STATES),
      queue.getWaiting(0, 0),
      queue.getPrioritized(0, NEXT_IN_LINE - 1),
      queue.name === QUEUES.runs ? oldestHandedOn(connection) : undefined,
    ]);
    const since = [...waiting, ...prioritized].map((job) => job.timestamp);
    if (handedOn !== undefined) since.push(handedOn);
    return {
      jobs: Object.fromEntries(STATES.map((state) => [state, jobs[state] ?? 0])) as Record<QueueState, number>,
      oldestWaitMs: since.length === 0 ? 0 : Math.max(0, now() - Math.min(...since)),
    };
  };
  return {
    queue: (name) => withinDeadline(read(queues[name])),
    unconfirmed: () =>
      withinDeadline(
        Promise.all([redis.zcard(keys.unconfirmed), redis.zrange(keys.unconfirmed, '0', '0', 'WITHSCORES')]).then(
          ([runs, [, since]]) => ({ runs, oldestMs: since === undefined ? 0 : Math.max(0, now() - Number(since)) }),
        ),
      ),
    memoryShare: () => usedMemoryShare(connection),
    async redisLatency() {
      const before = performance.now();
      await connection.ping();
      return performance.now() - before;
    },
    queues: () => Object.values(queues),
    async close() {
      await Promise.all(Object.values(queues).map((queue) => queue.close()));
    },
  };
}
