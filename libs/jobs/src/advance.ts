import type { Job } from '#libs/contract';
import { nextOccurrence } from '#libs/schedule';

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
