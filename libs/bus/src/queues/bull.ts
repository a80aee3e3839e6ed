import { Queue, type WorkerOptions } from 'bullmq';
import { redisOptions, type RedisConnection } from '../redis/connect-redis.js';

/** The settings that every queue and worker of BullMQ has in common here. */

/**
 * Opens a BullMQ queue on the connection, which stays the caller's.
 * @param eventsMax entries that the queue's own event stream keeps; absent: for readers, who write none.
 */
export function openQueue<T = unknown>({ redis, keys }: RedisConnection, name: string, eventsMax?: number): Queue<T> {
  const queue = new Queue<T>(name, {
    connection: redis,
    prefix: keys.bull,
    // The launcher looks at the version (probe-redis.ts).
    skipVersionCheck: true,
    ...(eventsMax !== undefined && { streams: { events: { maxLen: eventsMax } } }),
  });
  queue.on('error', () => undefined); // Told through the connection's own error handler.
  return queue;
}

/**
 * After a call that Redis refused (no memory, loading, a failover). BullMQ's own 15 s are as long as the lock of a job
 * lives.
 */
const RETRY_MS = 1_000;

/**
 * What all our BullMQ workers have in common: connections of their own, because they block on them.
 * The version check stays on: without it BullMQ takes Redis for an old one and waits for whole seconds only.
 */
export const workerOptions = ({ url, keys }: RedisConnection) =>
  ({
    connection: { ...redisOptions('worker'), url },
    prefix: keys.bull,
    runRetryDelay: RETRY_MS,
  }) satisfies WorkerOptions;
