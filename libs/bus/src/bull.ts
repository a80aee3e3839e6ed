import { Queue, type WorkerOptions } from 'bullmq';
import { redisOptions, type RedisConnection } from './connect-redis.js';

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
 * Where a BullMQ worker reads: connections of its own, because it blocks on them.
 * The version check stays on: without it BullMQ takes Redis for an old one and waits for whole seconds only.
 */
export const workerConnection = ({ url, keys }: RedisConnection): Pick<WorkerOptions, 'connection' | 'prefix'> => ({
  connection: { ...redisOptions('worker'), url },
  prefix: keys.bull,
});
