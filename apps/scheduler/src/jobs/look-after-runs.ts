import { toRunError, GatewayError, type JobRunChange, type JobWork } from '#libs/contract';
import { settleRun } from '#libs/jobs';
import type { JobDutyPorts } from './job-ports.js';
import { openRuns } from './open-runs.js';

const WORK_MAX = 100;
const LOOK_AGAIN_MS = 600_000;

/**
 * Moves the runs of jobs on, page after page:
 *
 *   the run has ended                     settled: outcome, retry, deliveries
 *   claimed, its time has come            opened (after a crash, as a retry, or because the run before it ended)
 *   running for long, its log is there    checked again later
 *   running for long, its log is gone     failed: no other process can end it
 */
export async function lookAfterRuns(ports: JobDutyPorts, signal: AbortSignal): Promise<void> {
  for (let isMore = true; isMore && !signal.aborted;) {
    const { now, work } = await ports.jobs.work({ kind: 'run', limit: WORK_MAX });
    const toOpen = work.filter(({ run, end }) => run.status === 'claimed' && !end);
    const others = work.filter(({ run, end }) => run.status !== 'claimed' || end);
    const changes = await Promise.all(others.map((item) => changeOf(ports, item, now)));
    if (changes.length > 0) await ports.jobs.change({ changes });
    await openRuns(ports, toOpen, now);
    isMore = work.length >= WORK_MAX;
  }
}

async function changeOf({ log }: JobDutyPorts, { job, run, end }: JobWork, now: number): Promise<JobRunChange> {
  if (!end && (await log.head(run.runId))) return { run: { ...run, wakeAt: now + LOOK_AGAIN_MS } };
  const settled = settleRun(job, run, { end: end ?? lostEnd(now), now });
  return { run: settled.run, ...(settled.retry && { next: settled.retry }) };
}

const LOST = toRunError(new GatewayError('run_log_lost', 'The run was lost together with its log.'));
const lostEnd = (now: number) => ({ status: 'failed', output: '', endedAt: now, error: LOST }) as const;
