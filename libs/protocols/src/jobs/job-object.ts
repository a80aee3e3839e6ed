import type { Job, JobRun, JobView, Schedule } from '#libs/contract';
import type { JobObject, JobRunEntry, ScheduleObject } from '#libs/wire';

/** ISO 8601 in UTC, or null. */
export const isoTime = (ms: number | null | undefined): string | null =>
  ms === null || ms === undefined ? null : new Date(ms).toISOString();

/**
 * A job as clients see it: the record of the Hermes jobs API, and additional fields.
 * @param display the schedule in words.
 */
export function jobObject({ job, latest }: JobView, display: string): JobObject {
  return {
    id: job.id,
    name: job.name,
    prompt: job.prompt,
    skills: [],
    skill: null,
    model: job.model,
    provider: null,
    base_url: null,
    script: null,
    schedule: scheduleObject(job.schedule, display),
    schedule_display: display,
    repeat: { ...job.repeat },
    enabled: job.state === 'scheduled',
    state: job.state,
    paused_at: isoTime(job.pausedAt),
    paused_reason: job.pausedReason,
    created_at: isoTime(job.createdAt),
    next_run_at: isoTime(job.runRequestedAt ?? job.nextRunAt),
    ...lastRun(latest),
    deliver: job.deliver.join(','),
    origin: { platform: 'api_server', chat_id: 'api' },
    enabled_toolsets: job.tools,
    ...extras(job),
  };
}

function extras(job: Job) {
  return {
    timezone: job.timezone,
    tools: job.tools,
    misfire: job.misfire,
    overlap: job.overlap,
    retry: { attempts: job.retry.attempts, backoff: job.retry.backoffSeconds },
    jitter_seconds: job.jitterSeconds,
    end_at: isoTime(job.endAt),
    max_cost: job.maxCost ?? null,
    job_max_cost: job.jobMaxCost ?? null,
  };
}

/** A schedule as the Hermes API writes it into records. */
export function scheduleObject(schedule: Schedule, display: string): ScheduleObject {
  switch (schedule.kind) {
    case 'once':
      return { kind: 'once', run_at: isoTime(schedule.at), display };
    case 'interval':
      return { kind: 'interval', minutes: schedule.everyMs / 60_000, display };
    case 'cron':
      return { kind: 'cron', expr: schedule.expression, display };
  }
}

function lastRun(run: JobView['latest']) {
  const failed = run?.deliveries.find(({ error, status }) => error !== undefined && status !== 'delivered');
  return {
    last_run_id: run && run.status !== 'missed' && !run.isDeleted ? run.runId : null,
    last_run_at: isoTime(run?.startedAt ?? run?.slot),
    last_status: run ? (run.status === 'completed' ? ('ok' as const) : ('error' as const)) : null,
    last_error: run ? errorText(run) : null,
    last_delivery_error: failed ? `${failed.target}: ${failed.error}` : null,
  };
}

function errorText({ status, error }: NonNullable<JobView['latest']>): string | null {
  if (status === 'missed') return 'The occurrence was missed: no scheduler was there in time.';
  if (status === 'cancelled') return 'The run was cancelled.';
  return error?.message ?? null;
}

/** One entry of the history of a job. The occurrence stays when its run is deleted, without the run. */
export function jobRunObject(run: JobRun): JobRunEntry {
  const hasRun = run.status !== 'skipped' && run.status !== 'missed' && !run.isDeleted;
  const isQueued = run.status === 'waiting' || run.status === 'claimed';
  return {
    run_id: hasRun ? run.runId : null,
    attempt: run.attempt,
    status: isQueued ? 'queued' : run.status,
    manual: run.manual,
    misfire: run.misfire,
    scheduled_for: isoTime(run.slot),
    claimed_at: isoTime(run.claimedAt),
    started_at: isoTime(run.startedAt ?? run.openedAt),
    ended_at: isoTime(run.endedAt),
    output: run.output ?? null,
    error: run.error ? { code: run.error.code, message: run.error.message } : null,
    deliveries: run.deliveries.map(({ target, status, attempts, error, at, nextAt }) => ({
      target,
      status,
      attempts,
      error: error ?? null,
      at: isoTime(at),
      next_attempt_at: isoTime(nextAt),
    })),
  };
}
