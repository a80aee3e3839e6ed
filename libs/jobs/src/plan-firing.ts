import type { ActiveJobRun, Job, JobRun, JobRunStatus, Schedule } from '#libs/contract';
import { lastOccurrence, nextOccurrence } from '#libs/schedule';
import { advance, jitterMs } from './due-at.js';
import { jobRunId } from './job-ids.js';

/** The outcome of a due job: the job after it, the run of the occurrence, and the runs that this run replaces. */
export interface Firing {
  readonly job: Job;
  readonly run: JobRun;
  readonly cancel: readonly string[];
}

interface Occurrence {
  readonly slot: number;
  readonly manual: boolean;
  readonly misfire: boolean;
  readonly isMissed: boolean;
}

/**
 * Decides about a job that is due at `now` (ms). A run that a user asked for comes first and leaves the schedule
 * unchanged. Of a backlog only the latest occurrence counts, so an outage is never followed by a burst. It is run when
 * it is within its grace or `misfire` says so; otherwise it is recorded as missed. Throws when the schedule cannot name
 * the next occurrence.
 */
export function planFiring(job: Job, active: readonly ActiveJobRun[], now: number): Firing {
  const occurrence = job.runRequestedAt === null ? latestOf(job, now) : byHand(job.runRequestedAt);
  const status = occurrence.isMissed ? 'missed' : admit(job, active);
  return {
    job: occurrence.manual ? { ...job, runRequestedAt: null } : moveOn(job, occurrence.slot, status),
    run: runOf(job, occurrence, { status, now }),
    cancel: status === 'claimed' ? active.map(({ runId }) => runId) : [],
  };
}

const byHand = (slot: number): Occurrence => ({ slot, manual: true, misfire: false, isMissed: false });

function latestOf(job: Job, now: number): Occurrence {
  const first = job.nextRunAt ?? now;
  // Only occurrences whose jitter is certainly over. At most one more is due, and the next check finds it.
  const certain = Math.min(now - job.jitterSeconds * 1_000, job.endAt ?? Infinity);
  const slot = lastOccurrence(job.schedule, certain, first) ?? first;
  const isLate = now - slot - jitterMs(job, slot) > graceMs(job.schedule, slot);
  return { slot, manual: false, misfire: isLate || slot > first, isMissed: isLate && job.misfire === 'skip' };
}

const GRACE_MS_MIN = 120_000;
const GRACE_MS_MAX = 7_200_000;

/**
 * How late an occurrence still counts as in time: half the time to the next one, 2 minutes to 2 hours (as in Hermes).
 */
function graceMs(schedule: Schedule, slot: number): number {
  const next = nextOccurrence(schedule, slot);
  if (next === undefined) return GRACE_MS_MIN;
  return Math.min(Math.max((next - slot) / 2, GRACE_MS_MIN), GRACE_MS_MAX);
}

function admit({ overlap }: Job, active: readonly ActiveJobRun[]): JobRunStatus {
  if (active.length === 0 || overlap === 'cancel_previous') return 'claimed';
  // One run may wait. More would start in a burst when the long run ends.
  const isRoom = overlap === 'queue' && !active.some(({ status }) => status === 'waiting');
  return isRoom ? 'waiting' : 'skipped';
}

function moveOn(job: Job, slot: number, status: JobRunStatus): Job {
  const ran = status === 'claimed' || status === 'waiting';
  const repeat = ran ? { ...job.repeat, completed: job.repeat.completed + 1 } : job.repeat;
  return advance({ ...job, repeat }, slot);
}

function runOf(job: Job, occurrence: Occurrence, { status, now }: { status: JobRunStatus; now: number }): JobRun {
  const { slot, manual, misfire } = occurrence;
  return {
    runId: jobRunId(job.id, slot, 1),
    jobId: job.id,
    owner: job.owner,
    version: 1,
    slot,
    attempt: 1,
    status,
    wakeAt: status === 'claimed' ? now : null,
    manual,
    misfire,
    claimedAt: now,
    ...((status === 'skipped' || status === 'missed') && { endedAt: now }),
    deliveries: [],
  };
}
