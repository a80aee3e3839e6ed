import type { PersistQueue } from '#libs/contract';
import { Worker } from 'bullmq';
import { openQueue, workerOptions } from './bull.js';
import { Fetching } from './fetching.js';
import { withinDeadline, type RedisConnection } from '../redis/connect-redis.js';
import { QUEUES } from '../keys.js';

const KEPT_COMPLETED = 100;
const RETRY_DELAY_MS = 1_000;
const RETRY_DELAY_MS_MAX = 30_000;
/** Most run ids in one job, which is one upsert statement of the store. */
const RUNS_PER_JOB_MAX = 100;
const QUEUE_EVENTS_MAX = 1_000;

const JOB_OPTIONS = {
  // The rows must arrive in the end, even if the store is away for a weekend.
  attempts: Number.MAX_SAFE_INTEGER,
  backoff: { type: 'custom' },
  removeOnComplete: { count: KEPT_COMPLETED },
} as const;

interface PersistJob {
  readonly runIds: readonly string[];
}

/** Finished runs on their way to the store, many per job. */
export function bullPersistQueue(connection: RedisConnection): PersistQueue {
  const queue = openQueue<PersistJob>(connection, QUEUES.persist, QUEUE_EVENTS_MAX);
  return {
    async enqueue(runIds) {
      const jobs: PersistJob[] = [];
      for (let i = 0; i < runIds.length; i += RUNS_PER_JOB_MAX) {
        jobs.push({ runIds: runIds.slice(i, i + RUNS_PER_JOB_MAX) });
      }
      await withinDeadline(queue.addBulk(jobs.map((data) => ({ name: QUEUES.persist, data, opts: JOB_OPTIONS }))));
    },
    depth: () => withinDeadline(queue.getJobCountByTypes('waiting', 'active', 'delayed')),
    close: () => queue.close(),
  };
}

export interface PersistWorkerSettings {
  readonly connection: RedisConnection;
  readonly concurrency: number;
  /** Stores the runs. After a rejection the same runs come again, after 1 s doubling to 30 s, for ever. */
  handle(runIds: readonly string[]): Promise<void>;
  onError?(cause: Error): void;
}

/** Starts taking finished runs from the queue. `close` waits for the batch under way. */
export function startPersistWorker(settings: PersistWorkerSettings): { close(): Promise<void> } {
  const { connection, concurrency, handle, onError } = settings;
  const worker = new Worker<PersistJob>(
    QUEUES.persist,
    async (job) => {
      await handle(job.data.runIds);
      return 'ok';
    },
    {
      ...workerOptions(connection),
      concurrency,
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      settings: { backoffStrategy: (attempts) => Math.min(RETRY_DELAY_MS * 2 ** (attempts - 1), RETRY_DELAY_MS_MAX) },
    },
  );
  worker.on('error', (cause) => onError?.(cause));
  worker.on('failed', (_job, cause) => onError?.(cause));
  const fetching = new Fetching(connection, [worker], onError);
  return {
    close() {
      fetching.close();
      return worker.close();
    },
  };
}
