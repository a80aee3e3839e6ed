import type { Job } from '#libs/contract';
import { createHash } from 'node:crypto';

type Timed = Pick<Job, 'id' | 'state' | 'nextRunAt' | 'runRequestedAt' | 'jitterSeconds'>;

/** When the scheduler has to do something about a job: ms since the epoch, null for never. */
export function dueAt(job: Timed): number | null {
  if (job.runRequestedAt !== null) return job.runRequestedAt;
  if (job.state !== 'scheduled' || job.nextRunAt === null) return null;
  return job.nextRunAt + jitterMs(job, job.nextRunAt);
}

/** 0 to `jitterSeconds`, in ms: the same for a slot whoever asks, another one for the next slot. */
export function jitterMs({ id, jitterSeconds }: Pick<Job, 'id' | 'jitterSeconds'>, slot: number): number {
  if (jitterSeconds === 0) return 0;
  const hash = createHash('sha256').update(`${id}:${slot}`).digest().readUInt32BE();
  return hash % (jitterSeconds * 1_000 + 1);
}
