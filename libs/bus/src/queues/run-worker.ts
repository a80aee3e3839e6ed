import { DelayedError, WaitingError, Worker, type Job } from 'bullmq';
import { workerOptions } from './bull.js';
import { runScript, type RedisConnection } from '../redis/connect-redis.js';
import { TAKE_BACK_START } from '../scripts/job-scripts.js';
import { noteStarted } from './fair-order.js';
import { Fetching } from './fetching.js';
import { forgetHandedOn, noteHandedOn } from './handed-on.js';
import { QUEUES } from '../keys.js';
import { ATTEMPTS_PER_JOB, runOf, type RunJobData } from './run-job.js';

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
  /** The model that the run asks for, where the job tells it. */
  readonly model?: string;
  /** See `EnqueueTerms`. */
  readonly affinity?: string;
  /** How often workers without that model had this job in hand, and since when (ms since the epoch). */
  readonly misses?: number;
  readonly unservedSince?: number;
  /** The worker drains: hand the run back at the next point where that is possible. */
  readonly isLeaving: () => boolean;
  /** The run is this worker's, and does not wait for one with its model any more. Never rejects. */
  readonly accepted: () => void;
}

/**
 * `hand_back`: put the run back to the head of the queue, for another worker, without charging an attempt. `handOnMs`:
 * this worker never claimed the run and cannot execute it; another one may, and looks at it after so many milliseconds.
 */
export type JobOutcome = 'done' | 'hand_back' | { readonly handOnMs: number };

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
  /** Takes runs only while every condition that was named allows it; runs under way go on. */
  allow(condition: string, isAllowed: boolean): void;
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
  const process = async (
    job: Job<RunJobData>,
    token: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<string> => {
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
        accepted: () => noLongerWaiting(settings.connection, job),
        ...toldOf(job.data),
      });
      if (typeof outcome === 'object') {
        await handOn(settings.connection, job, { token, afterMs: outcome.handOnMs });
        throw new DelayedError();
      }
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

  const fetching = new Fetching(settings.connection, fetchers, settings.onError);
  return {
    active: () => active,
    allow: (condition, isAllowed) => fetching.allow(condition, isAllowed),
    async drain(graceMs) {
      leaving = true;
      fetching.close();
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

/** If it fails, the queue looks longer than it is for a day. */
function noLongerWaiting(connection: RedisConnection, job: Job<RunJobData> | undefined): void {
  if (job?.data.misses) forgetHandedOn(connection, [job.id ?? '']).catch(() => undefined);
}

type Told = Pick<RunJob, 'model' | 'affinity' | 'misses' | 'unservedSince'>;

function toldOf({ model, affinity, misses, unservedSince }: RunJobData): Told {
  return {
    ...(affinity !== undefined && { affinity }),
    ...(misses !== undefined && { misses }),
    ...(model !== undefined && { model }),
    ...(unservedSince !== undefined && { unservedSince }),
  };
}

/**
 * Delays the job for another worker. The start does not count: no attempt was claimed under its number, and a job may
 * pass through many hands while the workers that have its model are full. It is taken back only under the job's lock:
 * once another worker has started the job, the number of that start must not be given again.
 */
async function handOn(
  { redis, keys }: Pick<RedisConnection, 'redis' | 'keys'>,
  job: Job<RunJobData>,
  { token, afterMs }: { readonly token: string | undefined; readonly afterMs: number },
): Promise<void> {
  const { unservedSince = Date.now(), misses = 0 } = job.data;
  const jobKey = keys.runJob(job.id ?? '');
  const isOurs = await runScript(redis, TAKE_BACK_START, [jobKey, `${jobKey}:lock`], [token ?? '']);
  if (isOurs !== 1) throw new Error('the lock of a run was lost before it was handed on');
  await job.updateData({ ...job.data, unservedSince, misses: misses + 1 });
  await noteHandedOn({ redis, keys }, job.id ?? '', unservedSince);
  await job.moveToDelayed(Date.now() + afterMs, token);
}

const NEVER = new AbortController().signal;

type Process = (job: Job<RunJobData>, token: string | undefined, signal: AbortSignal | undefined) => Promise<string>;

function startFetcher(
  { connection, onError, onFailed }: RunWorkerSettings,
  process: Process,
  concurrency: number,
): Worker<RunJobData> {
  const worker = new Worker<RunJobData>(QUEUES.runs, process, {
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
    noLongerWaiting(connection, job);
    // BullMQ emits this for every rejection, even if the job will be retried; only a job that was given up is finished.
    if (job?.id && job.finishedOn) onFailed(runOf(job.id).runId, cause);
  });
  return worker;
}
