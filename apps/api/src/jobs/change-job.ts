import { GatewayError, type Job } from '#libs/contract';
import { advance } from '#libs/jobs';
import { chosenFields, type FieldSources } from './job-fields.js';
import { noOccurrence } from './new-job.js';

/** A change of a job: the job after it, at time `now` (ms). Throws a GatewayError when the change is not possible. */
export type JobChange = (job: Job, now: number) => Job;

/** Stops a job from firing. Runs under way continue. Pausing a paused job changes nothing. */
export const pause =
  (reason: string | undefined): JobChange =>
  (job, now) => {
    if (job.state === 'paused') return job;
    if (job.state === 'completed') throw over('A completed job cannot be paused.');
    return { ...halted(job), state: 'paused', pausedAt: now, pausedReason: reason ?? null };
  };

/** Resumes a paused job: its next occurrence counts from now, and missed ones are not made up. */
export const resume: JobChange = (job, now) => {
  if (job.state === 'scheduled') return job;
  const next = advance({ ...job, pausedAt: null, pausedReason: null }, now);
  if (next.nextRunAt === null) throw over('Nothing of its schedule is left: give the job another one.');
  return next;
};

/** Requests a run outside the schedule. Also resumes a paused job, as the Hermes API does. */
export const runNow: JobChange = (job, now) => {
  const live = job.state === 'paused' ? advance({ ...job, pausedAt: null, pausedReason: null }, now) : job;
  // An occurrence is identified by its time, so a manual run must not take the time of a scheduled one.
  const requestedAt = now === live.nextRunAt ? now + 1 : now;
  return { ...live, runRequestedAt: live.runRequestedAt ?? requestedAt };
};

/**
 * The change that a PATCH requests.
 * @param model the checked model when the request names one, null when it clears it.
 */
export function patch(sources: FieldSources, model: string | null | undefined): JobChange {
  const { dto, cleared } = sources;
  return (job, now) => {
    const fields = chosenFields(job, { ...sources, now });
    // A bound that was cleared is absent from the fields.
    const { maxCost: _, jobMaxCost: __, ...kept } = job;
    let next: Job = { ...kept, ...fields, model: model === undefined ? job.model : model };
    const isRetimed = dto.schedule !== undefined || dto.repeat !== undefined || cleared.has('repeat');
    // A completed job that gets further occurrences starts over.
    if (isRetimed && job.state === 'completed') next = { ...next, repeat: { ...next.repeat, completed: 0 } };
    if (dto.enabled === false) return pause(undefined)(next, now);
    if (dto.enabled === true && job.state === 'paused') return resume(next, now);
    const isCounting = next.state === 'scheduled' || (isRetimed && next.state !== 'paused');
    if (!isCounting) return next;
    const timed = retimed(job, next, now);
    if (timed.nextRunAt === null) throw noOccurrence();
    return timed;
  };
}

/** With an unchanged schedule an occurrence that is due and not fired yet stays due. */
function retimed(before: Job, job: Job, now: number): Job {
  const isSame = JSON.stringify(before.schedule) === JSON.stringify(job.schedule) && before.nextRunAt !== null;
  return advance(job, isSame ? (before.nextRunAt ?? now) - 1 : now);
}

const halted = (job: Job): Job => ({ ...job, nextRunAt: null, runRequestedAt: null });
const over = (message: string): GatewayError => new GatewayError('job_over', message);
