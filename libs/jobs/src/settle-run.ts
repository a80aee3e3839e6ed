import type { Job, JobDelivery, JobRun, JobRunEnd, RunError } from '#libs/contract';
import { jobRunId } from './job-ids.js';

export interface Settled {
  readonly run: JobRun;
  /** The next attempt, when one is left. */
  readonly retry?: JobRun;
}

/**
 * The consequences of a run's end for its job: the outcome, whether there is another attempt, and the deliveries.
 * Failures are delivered after their last attempt, whatever the answer says. A run that a user cancelled is neither
 * retried nor delivered.
 */
export function settleRun(job: Job, run: JobRun, { end, now }: { end: JobRunEnd; now: number }): Settled {
  const error = errorOf(end);
  const status = end.status === 'cancelled' ? 'cancelled' : error ? 'failed' : 'completed';
  const retry = status === 'failed' ? retryOf(job, run, now) : undefined;
  const deliveries = status === 'cancelled' || retry ? [] : deliveriesOf(job, status === 'completed' && end, now);
  const settled: JobRun = {
    ...run,
    status,
    wakeAt: deliveries.some((delivery) => delivery.status === 'pending') ? now : null,
    ...(end.startedAt !== undefined && { startedAt: end.startedAt }),
    endedAt: end.endedAt,
    output: end.output,
    ...(error && { error }),
    deliveries,
  };
  return { run: settled, ...(retry && { retry }) };
}

function errorOf({ status, error, output, reason }: JobRunEnd): RunError | undefined {
  if (error) return error;
  const code = 'answer_incomplete';
  if (status === 'incomplete') return { code, message: `The run ended before its answer was whole: ${reason}.` };
  if (status === 'completed' && output.trim() === '') return { code, message: 'The run ended without an answer.' };
  return status === 'failed' ? { code: 'internal_error', message: 'The run failed.' } : undefined;
}

const BACKOFF_MS_MAX = 3_600_000;

function retryOf({ id, retry }: Job, run: JobRun, now: number): JobRun | undefined {
  if (run.attempt > retry.attempts) return undefined;
  const { runId: _, openedAt: __, startedAt: ___, ...rest } = run;
  const attempt = run.attempt + 1;
  const delay = Math.min(retry.backoffSeconds * 1_000 * 2 ** (run.attempt - 1), BACKOFF_MS_MAX);
  const runId = jobRunId(id, run.slot, attempt);
  return {
    ...rest,
    runId,
    version: 1,
    attempt,
    status: 'claimed',
    wakeAt: now + delay,
    claimedAt: now,
    deliveries: [],
  };
}

/** @param answer the end of a run that succeeded; false for one that failed. */
function deliveriesOf({ deliver }: Job, answer: JobRunEnd | false, now: number): JobDelivery[] {
  const isSuppressed = answer !== false && isSilent(answer.output);
  return deliver.map((target) => {
    // The result is kept with the run, so this target is already served.
    if (target === 'local') return { target, status: 'delivered', attempts: 0, at: now };
    if (isSuppressed) return { target, status: 'suppressed', attempts: 0, at: now };
    return { target, status: 'pending', attempts: 0, nextAt: now };
  });
}

/** Only a whole first or last line counts; within a text the word means nothing. */
function isSilent(output: string): boolean {
  const lines = output.trim().split(/\r?\n/);
  return [lines[0], lines.at(-1)].some((line) => line?.trim().toUpperCase() === '[SILENT]');
}
