import type { Job } from '#libs/contract';
import { nextOccurrence } from '#libs/schedule';
import { createHash } from 'node:crypto';

type Timed = Pick<Job, 'id' | 'state' | 'nextRunAt' | 'runRequestedAt' | 'jitterSeconds'>;

/** When the scheduler has work for a job: ms since the epoch, null for never. */
export function dueAt(job: Timed): number | null {
  if (job.runRequestedAt !== null) return job.runRequestedAt;
  if (job.state !== 'scheduled' || job.nextRunAt === null) return null;
  return job.nextRunAt + jitterMs(job, job.nextRunAt);
}

/** 0 to `jitterSeconds`, in ms: always the same for a slot, and different for the next slot. */
export function jitterMs({ id, jitterSeconds }: Pick<Job, 'id' | 'jitterSeconds'>, slot: number): number {
  if (jitterSeconds === 0) return 0;
  const hash = createHash('sha256').update(`${id}:${slot}`).digest().readUInt32BE();
  return hash % (jitterSeconds * 1_000 + 1);
}

/**
 * The job with its first occurrence after `after` (ms) as the next one; completed when its schedule, `repeat` or
 * `endAt` leaves none.
 */
export function advance(job: Job, after: number): Job {
  const { schedule, repeat, endAt } = job;
  const isUsedUp = repeat.times !== null && repeat.completed >= repeat.times;
  const next = isUsedUp ? undefined : nextOccurrence(schedule, after);
  if (next === undefined || (endAt !== null && next > endAt)) return { ...job, state: 'completed', nextRunAt: null };
  return { ...job, state: 'scheduled', nextRunAt: next };
}
