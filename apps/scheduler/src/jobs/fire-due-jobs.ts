import type { DueJob, Job, JobClaim, JobRun } from '#libs/contract';
import { dueAt, planFiring } from '#libs/jobs';
import { cancelRun } from '#libs/runs';
import type { JobDutyPorts } from './job-ports.js';
import { openRuns } from './open-runs.js';

const JOBS_PER_CLAIM_MAX = 100;

/** Per round. A claim that never moves its job must not keep a scheduler busy for ever. */
const PAGES_MAX = 1_000;

/**
 * Fires all due jobs, page after page, and arms the timer for the next one. Any number of schedulers may do this at the
 * same time: the version of its job and the unique id of its run give an occurrence to exactly one scheduler.
 */
export async function fireDueJobs(ports: JobDutyPorts, signal: AbortSignal): Promise<void> {
  for (let pages = 0; pages < PAGES_MAX && !signal.aborted; pages++) {
    const { now, jobs, nextAt } = await ports.jobs.due({ limit: JOBS_PER_CLAIM_MAX });
    if (jobs.length > 0) {
      await fire(ports, jobs, now);
      continue;
    }
    if (nextAt !== undefined) await arm(ports, nextAt - now);
    return;
  }
}

/** If the timer cannot be set, the job fires late by at most the duty's interval. */
async function arm({ ticks, logger }: JobDutyPorts, inMs: number): Promise<void> {
  await ticks.arm(inMs).catch((cause: unknown) => logger.debug({ err: cause }, 'a timer could not be set'));
}

async function fire(ports: JobDutyPorts, due: readonly DueJob[], now: number): Promise<void> {
  const claims = due.map((entry) => claimOf(entry, { now, ports }));
  for (const { cancel = [] } of claims) for (const runId of cancel) await cancelPrevious(ports, runId);
  const mine = new Set(await ports.jobs.claim({ claims }));
  // Repeated, because another scheduler may have opened one of these runs after the first try, when it had no log yet.
  const replaced = claims.flatMap(({ run, cancel = [] }) => (run && mine.has(run.runId) ? cancel : []));
  for (const runId of replaced) await cancelPrevious(ports, runId);
  for (const { job, run } of claims) if (run && mine.has(run.runId)) tell(ports, job, run);
  const claimed = claims.flatMap(({ job, run }) => {
    const isMine = run?.status === 'claimed' && mine.has(run.runId);
    return isMine ? [{ job, run }] : [];
  });
  await openRuns(ports, claimed, now);
}

/** One line for each occurrence, whatever comes of it. */
function tell({ logger }: JobDutyPorts, job: Job, { runId, status, slot, manual }: JobRun): void {
  const about = { jobId: job.id, owner: job.owner, runId, manual, scheduledFor: new Date(slot).toISOString() };
  if (status === 'missed') logger.warn(about, 'an occurrence of a job was missed: no scheduler was there in time');
  else if (status === 'skipped') logger.info(about, 'an occurrence of a job is skipped: its last run still goes on');
  else logger.info(about, 'a job fires');
}

/** A broken record is set aside in state `error`, so that the others still fire. */
function claimOf({ job, active }: DueJob, { now, ports }: { now: number; ports: JobDutyPorts }): JobClaim {
  try {
    const { job: moved, run, cancel } = planFiring(job, active, now);
    return { job: moved, dueAt: dueAt(moved), run, cancel };
  } catch (cause) {
    ports.logger.error({ err: cause, jobId: job.id }, 'the next occurrence of a job cannot be told; it is set aside');
    return { job: { ...job, state: 'error', nextRunAt: null, runRequestedAt: null }, dueAt: null };
  }
}

/**
 * Called before the claim, because a crash after the claim would leave the old run running. Cancelling twice, or for a
 * claim that another scheduler wins, does no harm.
 */
async function cancelPrevious(ports: JobDutyPorts, runId: string): Promise<void> {
  try {
    await cancelRun(ports, runId, 'requested');
  } catch (cause) {
    ports.logger.warn({ err: cause, runId }, 'the previous run of a job could not be cancelled');
  }
}
