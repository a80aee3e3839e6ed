import type { QueuedRun, RunQueue } from '#libs/contract';
import { WaitingError, Worker, type Job, type Queue } from 'bullmq';
import { openQueue, workerOptions } from './bull.js';
import { inTime, withinDeadline, type RedisConnection } from '../redis/connect-redis.js';
import { nextTag, noteStarted } from './fair-order.js';
import { QUEUES } from '../keys.js';
import { usedMemoryShare } from '../redis/memory-share.js';
import { SampledLoad } from './sampled-load.js';

/**
 * A killed worker's run starts elsewhere after 13 s at the median and 25 s at most; BullMQ's defaults give 58 and 88 s.
 */
const LOCK_MS = 15_000;
const STALLED_CHECK_MS = 5_000;
/**
 * The worker bounds the attempts that count (LIMITS.attemptsMax). BullMQ's own bounds are only the second line: one for
 * runs that kill workers before these can count, one for long runs that many rollouts hand from worker to worker.
 */
const STALLED_COUNT_MAX = 10;
const STARTS_MAX = 1_000;
/** Above this share no run is opened: refusing a run is better than being unable to write its end (fault R8). */
const MEMORY_SHARE_MAX = 0.85;
const KEPT_COMPLETED = 1_000;
const KEPT_FAILED = 5_000;
const QUEUE_EVENTS_MAX = 1_000;

const JOB_OPTIONS = {
  attempts: 3,
  backoff: { type: 'exponential', delay: 1_000 },
  removeOnComplete: { count: KEPT_COMPLETED },
  removeOnFail: { count: KEPT_FAILED },
} as const;

/**
 * The id of a run's job: enqueueing a run twice makes one job. A finished job occupies its id for a while, so a parked
 * run comes back as `<runId>.<generation>`.
 */
const jobIdOf = (runId: string, generation = 0): string => (generation === 0 ? runId : `${runId}.${generation}`);

function runOf(jobId: string): QueuedRun {
  const [runId = '', generation = '0'] = jobId.split('.');
  return { runId, generation: Number(generation) };
}

/** More than STARTS_MAX: attempt numbers grow over all jobs of a run, so that a later attempt fences earlier ones. */
const ATTEMPTS_PER_JOB = 1_000;

/** The run queue on BullMQ. */
export function bullRunQueue(connection: RedisConnection): RunQueue {
  const queue = openQueue(connection, QUEUES.runs, QUEUE_EVENTS_MAX);
  // queue.add() waits for ever while Redis is away at start.
  const add = (jobId: string, options: JobChoice): Promise<void> =>
    inTime(connection, addAnew({ queue, redis: connection.redis }, jobId, options));
  const addNew = (jobId: string, options: JobChoice): Promise<unknown> =>
    inTime(connection, addJob(queue, jobId, options));
  const load = new SampledLoad(async () => {
    const [counts, memoryShare] = await Promise.all([
      withinDeadline(queue.getJobCounts('wait', 'prioritized', 'active')),
      usedMemoryShare(connection),
    ]);
    const { wait = 0, prioritized = 0, active = 0 } = counts;
    return { waiting: wait + prioritized, active, memoryShare };
  });
  const bullKeys = { wait: queue.toKey('wait'), prioritized: queue.toKey('prioritized') };

  return {
    async place(request) {
      const { memoryShare } = await load.look();
      if (memoryShare > MEMORY_SHARE_MAX) return { kind: 'no_memory' };
      if (load.takeFree(request.slots)) return { kind: 'placed', tag: 0 };
      const tag = await withinDeadline(nextTag(connection, bullKeys, request));
      return tag === undefined ? { kind: 'full' } : { kind: 'placed', tag };
    },
    async enqueue(runId, tag = 0, isNewId = false) {
      try {
        await (isNewId ? addNew : add)(jobIdOf(runId), { priority: tag });
      } finally {
        if (tag === 0) load.noteQueued();
      }
    },
    async enqueueParked({ runId, generation }, delayMs) {
      await add(jobIdOf(runId, generation), { delay: Math.max(1, delayMs) });
    },
    wake: ({ runId, generation }) => withinDeadline(wake(queue, jobIdOf(runId, generation))),
    depth: async () => (await load.look()).waiting,
    async withJob(runs) {
      const ids = runs.map(({ runId, generation }) => jobIdOf(runId, generation));
      const states = await withinDeadline(Promise.all(ids.map((id) => queue.getJobState(id))));
      return new Set(runs.flatMap(({ runId }, i) => (isLive(states[i] ?? 'unknown') ? [runId] : [])));
    },
    async remove(runId, generation) {
      // The reply 0 means that the job is gone or locked by a worker; then the log's cancel flag decides.
      await withinDeadline(queue.remove(jobIdOf(runId, generation)));
    },
    close: () => queue.close(),
  };
}

interface JobChoice {
  readonly delay?: number;
  readonly priority?: number;
}

/**
 * Adds a job, also under an id that BullMQ remembers of a finished one: `queue.add` would take that for a repetition
 * and do nothing, without a word. A job that waits or runs stays as it is.
 */
async function addAnew(
  { queue, redis }: { readonly queue: Queue; readonly redis: RedisConnection['redis'] },
  jobId: string,
  options: JobChoice,
): Promise<void> {
  const send = (): Promise<Job> => addJob(queue, jobId, options);
  // Sent before the job is, on the same connection: nothing that ends after that is taken for remembered.
  const looks = ['completed', 'failed'].map((state) => redis.zscore(queue.toKey(state), jobId));
  const [scores] = await Promise.all([Promise.all(looks), send()]);
  if (scores.every((score) => score === null)) return;
  await queue.remove(jobId);
  await send();
}

const addJob = (queue: Queue, jobId: string, options: JobChoice = {}): Promise<Job> =>
  queue.add(QUEUES.runs, {}, { ...JOB_OPTIONS, jobId, ...options });

async function wake(queue: Queue, jobId: string): Promise<void> {
  const job = await queue.getJob(jobId);
  const state = job ? await job.getState() : 'unknown';
  // Rejects when the delay has ended in between; then the job runs anyway.
  if (job && state === 'delayed') return job.promote().catch(() => undefined);
  if (isLive(state)) return;
  if (job) await queue.remove(jobId);
  await addJob(queue, jobId);
}

const isLive = (state: string): boolean => !['completed', 'failed', 'unknown'].includes(state);

export interface RunJob {
  readonly runId: string;
  /** How often the run was parked before this job. */
  readonly generation: number;
  /** For fencing: grows with every start of every job of the run, from 1. */
  readonly attempt: number;
  /** How often a worker died, or lost its lock, while it executed this run or was about to. */
  readonly crashes: number;
  /** Aborted when this worker lost its lock on the job, or its drain time is over. */
  readonly signal: AbortSignal;
  /** The worker drains: hand the run back at the next point where that is possible. */
  readonly isLeaving: () => boolean;
}

/** `hand_back`: put the run back to the head of the queue, for another worker, without charging an attempt. */
export type JobOutcome = 'done' | 'hand_back';

export interface RunWorkerSettings {
  readonly connection: RedisConnection;
  readonly concurrency: number;
  /** Executes one run. After a rejection the queue retries the job, with backoff, and in the end calls `onFailed`. */
  handle(job: RunJob): Promise<JobOutcome>;
  /** The job was given up, because it stalled too often or kept rejecting: the run needs an end. */
  onFailed(runId: string, cause: Error): void;
  onError(cause: Error): void;
}

export interface RunWorker {
  /**
   * Takes no new run, tells the running ones that the worker leaves, aborts them after `graceMs`, and resolves when
   * all jobs are settled.
   */
  drain(graceMs: number): Promise<void>;
  /** Runs being executed here. */
  active(): number;
}

/**
 * A BullMQ worker fetches jobs one by one, at a round trip and an event-loop turn each: at 150 runs per second that
 * made runs wait 100 ms before their first token. Large workers therefore fetch on several connections.
 */
const FETCHERS_MAX = 4;
const RUNS_PER_FETCHER = 64;

/** Starts taking runs from the queue. */
export function startRunWorker(settings: RunWorkerSettings): RunWorker {
  let active = 0;
  let leaving = false;
  const isLeaving = (): boolean => leaving;
  // BullMQ hands the AbortSignal only to a processor that declares three parameters.
  const process = async (job: Job, token: string | undefined, signal: AbortSignal | undefined): Promise<string> => {
    active++;
    try {
      const { attemptsStarted, stalledCounter: crashes, priority } = job;
      if (priority > 0) noteStarted(settings.connection, priority).catch(() => undefined); // Only the order suffers.
      const { runId, generation } = runOf(job.id ?? '');
      const attempt = generation * ATTEMPTS_PER_JOB + attemptsStarted;
      const outcome = await settings.handle({
        runId,
        generation,
        attempt,
        crashes,
        signal: signal ?? NEVER,
        isLeaving,
      });
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
      leaving = true;
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
    ...workerOptions(connection),
    concurrency,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_CHECK_MS,
    maxStalledCount: STALLED_COUNT_MAX,
    maxStartedAttempts: STARTS_MAX,
  });
  worker.on('error', onError);
  // The lock is lost, and another worker may have the run by now. The log fences our writes; this stops the work.
  worker.on('lockRenewalFailed', (jobIds) => jobIds.forEach((jobId) => worker.cancelJob(jobId, 'lock_lost')));
  worker.on('failed', (job, cause) => {
    // BullMQ emits this for every rejection, even if the job will be retried; only a job that was given up is finished.
    if (job?.id && job.finishedOn) onFailed(runOf(job.id).runId, cause);
  });
  return worker;
}
