import { Queue, WaitingError, Worker, type Job } from 'bullmq';
import { redisOptions, withDeadline, type RedisConnection } from './connect-redis.js';
import { QUEUES } from './keys.js';
import type { RunQueue } from './ports.js';

/**
 * A killed worker's run starts elsewhere after 13 s at the median and 25 s at most; BullMQ's defaults give 58 and 88 s
 * (reliability.md, finding 1).
 */
const LOCK_MS = 15_000;
const STALLED_CHECK_MS = 5_000;
/** Rollouts interrupt a healthy run; the attempts that count are bounded by the worker (LIMITS.attemptsMax). */
const STALLED_COUNT_MAX = 5;
const STARTS_MAX = 12;
const DEPTH_AGE_MS_MAX = 250;
const KEPT_COMPLETED = 1_000;
const KEPT_FAILED = 5_000;
const QUEUE_EVENTS_MAX = 1_000;

const JOB_OPTIONS = {
  attempts: 3,
  backoff: { type: 'exponential', delay: 1_000 },
  removeOnComplete: { count: KEPT_COMPLETED },
  removeOnFail: { count: KEPT_FAILED },
} as const;

/** The run queue on BullMQ. The job's id is the run's id: enqueueing a run twice is one job. */
export function bullRunQueue(connection: RedisConnection): RunQueue {
  const queue = new Queue(QUEUES.runs, {
    connection: connection.redis,
    prefix: connection.keys.bull,
    skipVersionCheck: true,
    streams: { events: { maxLen: QUEUE_EVENTS_MAX } },
  });
  queue.on('error', () => undefined); // Told through the connection's own error handler.
  const depth = sampledDepth(() => withDeadline(queue.getWaitingCount()));

  return {
    async enqueue(runId) {
      // queue.add() waits for ever while Redis is away at start (reliability.md, finding 9).
      await withDeadline(queue.add(QUEUES.runs, {}, { ...JOB_OPTIONS, jobId: runId }));
    },
    depth,
    async withJob(runIds) {
      const states = await withDeadline(Promise.all(runIds.map((runId) => queue.getJobState(runId))));
      const live = (state: string): boolean => !['completed', 'failed', 'unknown'].includes(state);
      return new Set(runIds.filter((_, i) => live(states[i] ?? 'unknown')));
    },
    async remove(runId) {
      // 0 means that the job is gone or locked by a worker; then the log's cancel flag decides.
      await withDeadline(queue.remove(runId));
    },
    close: () => queue.close(),
  };
}

/**
 * A count that is asked for once per DEPTH_AGE_MS_MAX at most. Only the first caller waits: a bound on the queue may be a
 * quarter of a second late, a request must not.
 */
function sampledDepth(count: () => Promise<number>): () => Promise<number> {
  let value: number | undefined;
  let askedAt = 0;
  return async () => {
    if (value === undefined) return (value = await count());
    if (Date.now() - askedAt > DEPTH_AGE_MS_MAX) {
      askedAt = Date.now();
      // A failed look keeps the last value; that Redis is away is told by the calls that need it.
      count().then(
        (fresh) => (value = fresh),
        () => undefined,
      );
    }
    return value;
  };
}

export interface RunJob {
  readonly runId: string;
  /** 1 for the first start; counts crashes and hand-overs too. */
  readonly attempt: number;
  /** How often a worker died, or lost its lock, over this run. */
  readonly crashes: number;
  /** Aborted when this worker lost its lock on the job, or wants to hand it back. */
  readonly signal: AbortSignal;
}

/** `hand_back`: put the run at the head of the queue again, for another worker, without charging an attempt. */
export type JobOutcome = 'done' | 'hand_back';

export interface RunWorkerSettings {
  readonly connection: RedisConnection;
  readonly concurrency: number;
  /** Executes one run. A rejection is retried by the queue, with backoff, and after that told to `onFailed`. */
  handle(job: RunJob): Promise<JobOutcome>;
  /** The job died without the handler's doing (it stalled too often, or kept rejecting): the run needs an end. */
  onFailed(runId: string, cause: Error): void;
  onError(cause: Error): void;
}

export interface RunWorker {
  /** Takes no new run, asks the running ones to hand back after `graceMs`, and resolves when all jobs are settled. */
  drain(graceMs: number): Promise<void>;
  /** Runs being executed here. */
  active(): number;
}

/**
 * A BullMQ worker fetches one job after the other, each a round trip and a turn of the event loop: at 150 runs per second
 * that was a queue of 100 ms before the first token. Large workers fetch on several connections.
 */
const FETCHERS_MAX = 4;
const RUNS_PER_FETCHER = 64;

/** Starts taking runs from the queue. */
export function startRunWorker(settings: RunWorkerSettings): RunWorker {
  let active = 0;
  // BullMQ hands the AbortSignal only to a processor that declares three parameters (reliability.md, finding 10).
  const process = async (job: Job, token: string | undefined, signal: AbortSignal | undefined): Promise<string> => {
    active++;
    try {
      const runId = job.id ?? '';
      const { attemptsStarted: attempt, stalledCounter: crashes } = job;
      const outcome = await settings.handle({ runId, attempt, crashes, signal: signal ?? NEVER });
      if (outcome === 'done') return 'ok';
      await job.moveToWait(token);
      throw new WaitingError();
    } finally {
      active--;
    }
  };
  const count = Math.min(FETCHERS_MAX, Math.ceil(settings.concurrency / RUNS_PER_FETCHER));
  const share = (i: number): number => Math.floor((settings.concurrency + i) / count);
  const fetchers = Array.from({ length: count }, (_, i) => startFetcher(settings, process, share(i)));

  return {
    active: () => active,
    async drain(graceMs) {
      const closed = Promise.all(fetchers.map((fetcher) => fetcher.close()));
      const handBack = (): void => fetchers.forEach((fetcher) => fetcher.cancelAllJobs('shutdown'));
      const timer = setTimeout(handBack, graceMs);
      try {
        await closed;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

const NEVER = new AbortController().signal;

type Process = (job: Job, token: string | undefined, signal: AbortSignal | undefined) => Promise<string>;

function startFetcher(
  { connection, onError, onFailed }: RunWorkerSettings,
  process: Process,
  concurrency: number,
): Worker {
  const worker = new Worker(QUEUES.runs, process, {
    connection: { ...redisOptions('worker'), url: connection.url },
    prefix: connection.keys.bull,
    concurrency,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_CHECK_MS,
    maxStalledCount: STALLED_COUNT_MAX,
    maxStartedAttempts: STARTS_MAX,
    skipVersionCheck: true,
  });
  worker.on('error', onError);
  // The lock is gone: another worker may have the run by now. The log fences our writes; this stops the work.
  worker.on('lockRenewalFailed', (jobIds) => jobIds.forEach((jobId) => worker.cancelJob(jobId, 'lock_lost')));
  worker.on('failed', (job, cause) => {
    if (job?.id) onFailed(job.id, cause);
  });
  return worker;
}
