import { Queue, type WorkerOptions } from 'bullmq';
import { blockingOptions, type RedisConnection } from '../redis/connect-redis.js';

/** Settings of every BullMQ queue and worker. */

/**
 * Opens a BullMQ queue on the connection. Closing the connection remains the caller's task.
 * @param eventsMax entries that the queue's own event stream keeps; absent for readers, which write none.
 */
export function openQueue<T = unknown>({ redis, keys }: RedisConnection, name: string, eventsMax?: number): Queue<T> {
  const queue = new Queue<T>(name, {
    connection: redis,
    prefix: keys.bull,
    // The launcher checks the version (probe-redis.ts).
    skipVersionCheck: true,
    ...(eventsMax !== undefined && { streams: { events: { maxLen: eventsMax } } }),
  });
  queue.on('error', () => undefined); // The connection's own error handler reports it.
  return queue;
}

/**
 * Pause after a call that Redis refused (no memory, loading, a failover). BullMQ's default of 15 s is as long as a
 * job's lock lives.
 */
const RETRY_MS = 1_000;

/**
 * Options of all our BullMQ workers. Each opens its own connections, because a worker blocks on them. The version check
 * stays on: without it BullMQ assumes an old Redis and waits in whole seconds.
 */
export const workerOptions = ({ url, keys }: RedisConnection) =>
  ({
    connection: { ...blockingOptions(), url },
    // `Fetching` starts them.
    autorun: false,
    prefix: keys.bull,
    runRetryDelay: RETRY_MS,
  }) satisfies WorkerOptions;
