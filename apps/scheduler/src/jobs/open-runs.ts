import type { Job, JobRun, JobRunChange } from '#libs/contract';
import { openRun, placeInQueue } from '#libs/runs';
import type { JobDutyPorts } from './job-ports.js';
import { runSpecOf } from './run-spec-of.js';

/** Logs that are opened together: their commands share one event-loop turn. */
const OPENED_AT_ONCE_MAX = 50;
/** After so long a running run is checked: its log may have been lost. */
const LOOK_AGAIN_MS = 600_000;
/** Pause before claimed runs are tried again when the run queue is full or away. */
const TRY_AGAIN_MS = 5_000;

/**
 * Opens the runs of claimed occurrences. Opening is idempotent under the run's id, so a run that was opened before, and
 * not noted, does not run twice. A run that cannot be opened now stays claimed, and `lookAfterRuns` tries again.
 */
export async function openRuns(
  ports: JobDutyPorts,
  claimed: readonly { readonly job: Job; readonly run: JobRun }[],
  now: number,
): Promise<void> {
  for (let i = 0; i < claimed.length; i += OPENED_AT_ONCE_MAX) {
    const some = claimed.slice(i, i + OPENED_AT_ONCE_MAX);
    const changes = await Promise.all(some.map(({ job, run }) => openOne(ports, { job, run, now })));
    await ports.jobs.change({ changes });
  }
}

async function openOne(
  ports: JobDutyPorts,
  { job, run, now }: { job: Job; run: JobRun; now: number },
): Promise<JobRunChange> {
  const { logger, defaultModel } = ports;
  const { orderBytesMax } = ports.room;
  try {
    const spot = await placeInQueue(ports.queue, { owner: job.owner, lane: 'background' }, ports.room);
    if (spot.kind === 'placed') {
      await openRun(ports, runSpecOf(job, run, { now, defaultModel }), {
        tag: spot.tag,
        comesAgain: true,
        ...(orderBytesMax !== undefined && { orderBytesMax }),
      });
      return { run: { ...run, status: 'running', openedAt: now, wakeAt: now + LOOK_AGAIN_MS } };
    }
  } catch (cause) {
    logger.warn(
      { err: cause, jobId: job.id, runId: run.runId },
      'the run of a job could not be opened; it comes again',
    );
  }
  return { run: { ...run, wakeAt: now + TRY_AGAIN_MS } };
}
