import type { Job, JobRun, JobRunChange } from '#libs/contract';
import type { JobPorts } from './job-ports.js';
import { runSpecOf } from './run-spec-of.js';

/** Logs that are opened at the same time: their commands share a turn. */
const OPENED_AT_ONCE_MAX = 50;
/** A run that is still going after so long is looked at: its log may have been lost. */
const LOOK_AGAIN_MS = 600_000;
/** Until claimed runs are tried again when the run queue is full or away. */
const TRY_AGAIN_MS = 5_000;

/**
 * Opens the runs of claimed occurrences. Both steps are idempotent under the run's id, so a run that was opened before
 * and not noted is not run twice. What cannot be opened now stays claimed, and `lookAfterRuns` comes to it again.
 */
export async function openRuns(
  ports: JobPorts,
  claimed: readonly { readonly job: Job; readonly run: JobRun }[],
  now: number,
): Promise<void> {
  for (let i = 0; i < claimed.length; i += OPENED_AT_ONCE_MAX) {
    const some = claimed.slice(i, i + OPENED_AT_ONCE_MAX);
    const changes = await Promise.all(some.map(({ job, run }) => openRun(ports, { job, run, now })));
    await ports.jobs.change({ changes });
  }
}

async function openRun(
  ports: JobPorts,
  { job, run, now }: { job: Job; run: JobRun; now: number },
): Promise<JobRunChange> {
  const { log, runs, logger, defaultModel } = ports;
  try {
    const tag = await placeOf(ports, job.owner);
    if (tag !== undefined) {
      await log.open(runSpecOf(job, run, { now, defaultModel }));
      await runs.enqueue(run.runId, tag);
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

/** The run's turn among the waiting ones; undefined when there is no room, for all or for this key. */
async function placeOf({ runs, queuedMax, waitingMaxOf }: JobPorts, owner: string): Promise<number | undefined> {
  if ((await runs.depth()) >= queuedMax) return undefined;
  // How many workers there are is not known here; 0 slots costs a round trip and keeps the order.
  const place = await runs.place({ owner, lane: 'background', waitingMax: waitingMaxOf(owner), slots: 0 });
  return place.kind === 'placed' ? place.tag : undefined;
}
