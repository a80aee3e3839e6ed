import type { QueuedRun } from '#libs/contract';

/** What the job of a run carries besides its id. Workers of earlier versions read nothing of it. */
export interface RunJobData {
  /** The model that the run asks for; absent where whoever queued the run did not know. */
  readonly model?: string;
  /** See `EnqueueTerms`. */
  readonly affinity?: string;
  /** When (ms since the epoch) a worker first found that it has no such model, and how often that was found. */
  readonly unservedSince?: number;
  readonly misses?: number;
}

/**
 * The id of a run's job: enqueueing a run twice makes one job. A finished job occupies its id for a while, so a parked
 * run comes back as `<runId>.<generation>`.
 */
export const jobIdOf = (runId: string, generation = 0): string => (generation === 0 ? runId : `${runId}.${generation}`);

/** The run and generation that a job's id names. */
export function runOf(jobId: string): QueuedRun {
  const [runId = '', generation = '0'] = jobId.split('.');
  return { runId, generation: Number(generation) };
}

/** More than STARTS_MAX: attempt numbers grow over all jobs of a run, so that a later attempt fences earlier ones. */
export const ATTEMPTS_PER_JOB = 1_000;
