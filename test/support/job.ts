import type { Job, JobRun } from '#libs/contract';
import { jobRunId, newJobId } from '#libs/jobs';

export const T0 = Date.UTC(2026, 10, 21, 9, 0);
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** A job that runs every minute from T0 on; what matters to the test is passed in. */
export function jobOf(fields: Partial<Job> = {}): Job {
  return {
    id: newJobId(),
    owner: 'alice',
    version: 1,
    name: 'news',
    prompt: 'What is new?',
    model: null,
    tools: null,
    schedule: { kind: 'interval', everyMs: MINUTE, anchor: T0 },
    timezone: 'UTC',
    repeat: { times: null, completed: 0 },
    state: 'scheduled',
    pausedAt: null,
    pausedReason: null,
    createdAt: T0,
    nextRunAt: T0 + MINUTE,
    runRequestedAt: null,
    deliver: ['local'],
    misfire: 'skip',
    overlap: 'skip',
    retry: { attempts: 0, backoffSeconds: 60 },
    jitterSeconds: 0,
    endAt: null,
    ...fields,
  };
}

/** The first attempt at an occurrence of a job, just claimed. */
export function jobRunOf(job: Job, fields: Partial<JobRun> = {}): JobRun {
  const slot = fields.slot ?? T0 + MINUTE;
  return {
    runId: jobRunId(job.id, slot, fields.attempt ?? 1),
    jobId: job.id,
    owner: job.owner,
    version: 1,
    slot,
    attempt: 1,
    status: 'claimed',
    wakeAt: slot,
    manual: false,
    misfire: false,
    claimedAt: slot,
    deliveries: [],
    ...fields,
  };
}
