import type { RunQueue } from '#libs/contract';
import type { Job, Queue } from 'bullmq';
import { openQueue } from './bull.js';
import { inTime, withinDeadline, type RedisConnection } from '../redis/connect-redis.js';
import { nextTag } from './fair-order.js';
import { countHandedOn, forgetHandedOn } from './handed-on.js';
import { QUEUES } from '../keys.js';
import { usedMemoryShare } from '../redis/memory-share.js';
import { jobIdOf, type RunJobData } from './run-job.js';
import { SampledLoad } from './sampled-load.js';

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

/** The run queue on BullMQ. */
export function bullRunQueue(connection: RedisConnection): RunQueue {
  const queue = openQueue<RunJobData>(connection, QUEUES.runs, QUEUE_EVENTS_MAX);
  // queue.add() waits for ever while Redis is away at start.
  const add = (jobId: string, options: JobChoice): Promise<void> =>
    inTime(connection, addAnew({ queue, redis: connection.redis }, jobId, options));
  const addNew = (jobId: string, options: JobChoice): Promise<unknown> =>
    inTime(connection, addJob(queue, jobId, options));
  const load = new SampledLoad(async () => {
    const [counts, handedOn, memoryShare] = await Promise.all([
      withinDeadline(queue.getJobCounts('wait', 'prioritized', 'active')),
      withinDeadline(countHandedOn(connection)),
      usedMemoryShare(connection),
    ]);
    const { wait = 0, prioritized = 0, active = 0 } = counts;
    return { waiting: wait + prioritized + handedOn, active, memoryShare };
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
    async enqueue(runId, tag = 0, { isNewId = false, ...told } = {}) {
      try {
        await (isNewId ? addNew : add)(jobIdOf(runId), { priority: tag, ...told });
      } finally {
        if (tag === 0) load.noteQueued();
      }
    },
    async enqueueParked({ runId, generation }, delayMs, model) {
      await add(jobIdOf(runId, generation), { delay: Math.max(1, delayMs), ...(model !== undefined && { model }) });
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
      const jobId = jobIdOf(runId, generation);
      await withinDeadline(Promise.all([queue.remove(jobId), forgetHandedOn(connection, [jobId])]));
    },
    close: () => queue.close(),
  };
}

interface JobChoice extends RunJobData {
  readonly delay?: number;
  readonly priority?: number;
}

/**
 * Adds a job even if BullMQ remembers a finished job with the same id: `queue.add` would silently do nothing then. A
 * job that waits or runs stays unchanged.
 */
async function addAnew(
  { queue, redis }: { readonly queue: Queue<RunJobData>; readonly redis: RedisConnection['redis'] },
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

const addJob = (
  queue: Queue<RunJobData>,
  jobId: string,
  { model, affinity, ...options }: JobChoice = {},
): Promise<Job> => {
  const data = { ...(model !== undefined && { model }), ...(affinity !== undefined && { affinity }) };
  return queue.add(QUEUES.runs, data, { ...JOB_OPTIONS, jobId, ...options });
};

async function wake(queue: Queue, jobId: string): Promise<void> {
  const job = await queue.getJob(jobId);
  const state = job ? await job.getState() : 'unknown';
  // Rejects when the delay has ended in between; the job then runs anyway.
  if (job && state === 'delayed') return job.promote().catch(() => undefined);
  if (isLive(state)) return;
  if (job) await queue.remove(jobId);
  await addJob(queue, jobId);
}

const isLive = (state: string): boolean => !['completed', 'failed', 'unknown'].includes(state);
