import type { TickQueue } from '#libs/contract';
import { Worker } from 'bullmq';
import { openQueue, workerOptions } from './bull.js';
import { Fetching } from './fetching.js';
import { withinDeadline, type RedisConnection } from '../redis/connect-redis.js';
import { QUEUES } from '../keys.js';

/** Jobs that are due within this time of each other share a timer. */
const TICK_MS = 50;
const QUEUE_EVENTS_MAX = 100;
/**
 * When a scheduler dies while it handles a timer, another one takes the timer over. Its duty checks every two seconds
 * anyway.
 */
const LOCK_MS = 10_000;
const STALLED_CHECK_MS = 5_000;

/**
 * Timers on BullMQ: one delayed job per armed moment, however many cron jobs are due then. Timers are derived data:
 * losing all of Redis loses no cron job.
 */
export function bullTickQueue(connection: RedisConnection): TickQueue {
  const queue = openQueue(connection, QUEUES.ticks, QUEUE_EVENTS_MAX);
  return {
    async arm(inMs) {
      const at = Math.ceil((Date.now() + Math.max(0, inMs)) / TICK_MS) * TICK_MS;
      const delay = Math.max(0, at - Date.now());
      const options = { jobId: `at-${at}`, delay, removeOnComplete: true, removeOnFail: true };
      await withinDeadline(queue.add(QUEUES.ticks, {}, options));
    },
    close: () => queue.close(),
  };
}

export interface TickWorkerSettings {
  readonly connection: RedisConnection;
  /** Called when a moment has come. A rejection goes to `onError`; the moment is not repeated. */
  handle(): Promise<void>;
  onError(cause: Error): void;
}

/** Starts waiting for moments; each goes to one waiting scheduler. `close` waits for the call under way. */
export function startTickWorker({ connection, handle, onError }: TickWorkerSettings): { close(): Promise<void> } {
  const process = async (): Promise<string> => {
    await handle();
    return 'ok';
  };
  const worker = new Worker(QUEUES.ticks, process, {
    ...workerOptions(connection),
    concurrency: 1,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_CHECK_MS,
  });
  worker.on('error', onError);
  worker.on('failed', (_job, cause) => onError(cause));
  const fetching = new Fetching(connection, [worker], onError);
  return {
    close() {
      fetching.close();
      return worker.close();
    },
  };
}
