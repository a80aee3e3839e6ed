import type { DueJob, JobClaim } from '#libs/contract';
import { dueAt, planFiring } from '#libs/jobs';
import type { JobPorts } from './job-ports.js';
import { openRuns } from './open-runs.js';

const JOBS_PER_CLAIM_MAX = 100;

/** Of one look. A claim that never moves its job must not keep a scheduler busy for ever. */
const PAGES_MAX = 1_000;

/**
 * Fires everything that is due, page after page, and arms the timer of what is due next. Any number of schedulers may
 * do it at once: an occurrence is claimed by the version of its job, and by the unique id of its run.
 */
export async function fireDueJobs(ports: JobPorts, signal: AbortSignal): Promise<void> {
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

/** A timer that could not be set costs at most the duty's interval. */
async function arm({ ticks, logger }: JobPorts, inMs: number): Promise<void> {
  await ticks.arm(inMs).catch((cause: unknown) => logger.debug({ err: cause }, 'a timer could not be set'));
}

async function fire(ports: JobPorts, due: readonly DueJob[], now: number): Promise<void> {
  const claims = due.map((entry) => claimOf(entry, { now, ports }));
  for (const { cancel = [] } of claims) for (const runId of cancel) await cancelRun(ports, runId);
  const mine = new Set(await ports.jobs.claim({ claims }));
  // Again: another scheduler may have opened one of them after it was asked to stop, when it had no log yet.
  const replaced = claims.flatMap(({ run, cancel = [] }) => (run && mine.has(run.runId) ? cancel : []));
  for (const runId of replaced) await cancelRun(ports, runId);
  const claimed = claims.flatMap(({ job, run }) => {
    const isMine = run?.status === 'claimed' && mine.has(run.runId);
    return isMine ? [{ job, run }] : [];
  });
  await openRuns(ports, claimed, now);
}

/** One broken record must not keep the others from being fired: it is set aside in state `error`. */
function claimOf({ job, active }: DueJob, { now, ports }: { now: number; ports: JobPorts }): JobClaim {
  try {
    const { job: moved, run, cancel } = planFiring(job, active, now);
    return { job: moved, dueAt: dueAt(moved), run, cancel };
  } catch (cause) {
    ports.logger.error({ err: cause, jobId: job.id }, 'the next occurrence of a job cannot be told; it is set aside');
    return { job: { ...job, state: 'error', nextRunAt: null, runRequestedAt: null }, dueAt: null };
  }
}

/**
 * Before the claim, because a crash after it would leave the old run going on. Cancelling twice, or for a claim that
 * another scheduler wins, does no harm.
 */
async function cancelRun({ log, runs, persist, logger }: JobPorts, runId: string): Promise<void> {
  try {
    const outcome = await log.requestCancel(runId, 'requested');
    if (outcome.kind !== 'cancelled') return;
    await persist.enqueue([runId]);
    await runs.remove(runId, outcome.generation);
  } catch (cause) {
    logger.warn({ err: cause, runId }, 'the previous run of a job could not be cancelled');
  }
}
