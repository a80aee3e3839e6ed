import { GatewayError, type Job, type JobRun, type JobRunChange } from '#libs/contract';
import { splitTarget } from '#libs/delivery';
import { openRun, placeInQueue } from '#libs/runs';
import type { JobDutyPorts } from './job-ports.js';
import { runSpecOf } from './run-spec-of.js';

/** Logs that are opened together: their commands share one event-loop turn. */
const OPENED_AT_ONCE_MAX = 50;
/** A running run is checked after this time, because its log may have been lost. */
const LOOK_AGAIN_MS = 600_000;
/** A constant, because a job's run always has the same request. */
const FINGERPRINT = 'job';
/** Pause before claimed runs are tried again when the run queue is full or away. */
const TRY_AGAIN_MS = 5_000;

/**
 * Opens the runs of claimed occurrences. Opening is idempotent under the run's id. So a run that was opened before
 * without a record does not run twice while its log exists. If log and row were deleted since, it does not run again
 * for as long as an idempotency key lives. A run that cannot be opened now stays claimed, and `lookAfterRuns` tries
 * again.
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

/** What the run asks is asked where its result will go. Without that it is asked for by the API alone. */
async function tellChats({ targets, logger }: JobDutyPorts, job: Job, run: JobRun): Promise<void> {
  for (const { target } of run.deliveries) {
    const { scheme, address } = splitTarget(target);
    const place = targets.find((one) => one.scheme === scheme);
    await place?.watch?.({ owner: job.owner, runId: run.runId, address }).catch((cause: unknown) => {
      logger.warn(
        { err: cause, jobId: job.id, runId: run.runId },
        'what the run of a job asks is not asked in its chat',
      );
    });
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
      const startMs = Date.now();
      const reservedIn = `run of a job ${run.runId}`;
      await ports.opened.reserve(reservedIn, FINGERPRINT, run.runId);
      await openRun(ports, runSpecOf(job, run, { now, defaultModel }), {
        tag: spot.tag,
        comesAgain: true,
        reservedIn,
        ...(orderBytesMax !== undefined && { orderBytesMax }),
      });
      const scheduledFor = new Date(run.slot).toISOString();
      ports.tracing?.occurrence(run.runId, { startMs, endMs: Date.now() }, { jobId: job.id, scheduledFor });
      await tellChats(ports, job, run);
      return { run: { ...run, status: 'running', openedAt: now, wakeAt: now + LOOK_AGAIN_MS } };
    }
  } catch (cause) {
    // The run was opened before, and its log no longer exists. Its row says how it ended; without a row it has failed.
    if (cause instanceof GatewayError && cause.code === 'run_not_found') {
      return { run: { ...run, status: 'running', openedAt: now, wakeAt: now } };
    }
    logger.warn(
      { err: cause, jobId: job.id, runId: run.runId },
      'the run of a job could not be opened; it comes again',
    );
  }
  return { run: { ...run, wakeAt: now + TRY_AGAIN_MS } };
}
