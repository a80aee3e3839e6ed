import type { RunError } from '../errors.js';
import type { IncompleteReason } from '../runs/run-event.js';
import type { RunStatus } from '../runs/run-snapshot.js';

/**
 * When a job runs. Plain JSON, stored in rows; times are milliseconds since the epoch. `delayMs` and `timezone` of
 * `once` only record how the user wrote the time, for display. `interval` occurs at `anchor + k * everyMs`, k = 1, 2, 3
 * ...
 */
export type Schedule =
  | { readonly kind: 'once'; readonly at: number; readonly delayMs?: number; readonly timezone?: string }
  | { readonly kind: 'interval'; readonly everyMs: number; readonly anchor: number }
  | { readonly kind: 'cron'; readonly expression: string; readonly timezone: string };

/** `completed`: no occurrence is left. `error`: its next occurrence could not be computed. */
export type JobState = 'scheduled' | 'paused' | 'completed' | 'error';
export type Misfire = 'skip' | 'run_once';
export type Overlap = 'skip' | 'queue' | 'cancel_previous';

/** A job's settings and its state. Plain JSON; times are milliseconds since the epoch. */
export interface Job {
  /** 12 hex digits. */
  readonly id: string;
  readonly owner: string;
  /** Counts changes; a write must name the version that it is based on. */
  readonly version: number;
  readonly name: string;
  readonly prompt: string;
  /** null: the default model at the time of the run. */
  readonly model: string | null;
  /** The server tools that the job's runs may use; null: all. */
  readonly tools: readonly string[] | null;
  readonly schedule: Schedule;
  readonly timezone: string;
  /** `times` null: for ever. `completed` counts scheduled occurrences that ran. */
  readonly repeat: { readonly times: number | null; readonly completed: number };
  readonly state: JobState;
  readonly pausedAt: number | null;
  readonly pausedReason: string | null;
  readonly createdAt: number;
  /** The next occurrence, before jitter; null when there is none, or the job is not `scheduled`. */
  readonly nextRunAt: number | null;
  /** When a user asked for a run outside the schedule. */
  readonly runRequestedAt: number | null;
  /** Delivery targets as the user wrote them: `local`, `webhook:https://...`. */
  readonly deliver: readonly string[];
  readonly misfire: Misfire;
  readonly overlap: Overlap;
  /**
   * Up to `attempts` retries: the first comes `backoffSeconds` after the failure, each later one after twice the time.
   */
  readonly retry: { readonly attempts: number; readonly backoffSeconds: number };
  readonly jitterSeconds: number;
  /** No occurrence after this. */
  readonly endAt: number | null;
  /** From the request that created the job, if it had an Idempotency-Key. */
  readonly fingerprint?: string;
  /** Most that each of its runs, and that all of them together may cost. Absent: no bound. */
  readonly maxCost?: number;
  readonly jobMaxCost?: number;
}

/**
 *   waiting --(the job's previous run ended)--> claimed --(opened)--> running --> completed | failed | cancelled
 *   skipped (another run of the job was running) and missed (no scheduler was there in time) have no run.
 */
export type JobRunStatus =
  'waiting' | 'claimed' | 'running' | 'completed' | 'failed' | 'cancelled' | 'skipped' | 'missed';

/** The state of one result's delivery to one target. */
export interface JobDelivery {
  readonly target: string;
  readonly status: 'pending' | 'delivered' | 'failed' | 'suppressed';
  readonly attempts: number;
  /** Why the last failed attempt failed. */
  readonly error?: string;
  readonly at?: number;
  /** When the next attempt is due, while the delivery is pending. */
  readonly nextAt?: number;
}

/** One attempt at one occurrence of a job. */
export interface JobRun {
  /**
   * Derived from job, slot and attempt, so an occurrence has one run, however often and by whichever scheduler it
   * fires.
   */
  readonly runId: string;
  readonly jobId: string;
  readonly owner: string;
  readonly version: number;
  /** The planned time. */
  readonly slot: number;
  /** 1 for the first. */
  readonly attempt: number;
  readonly status: JobRunStatus;
  /** When the scheduler checks it next; null: not until something else happens. */
  readonly wakeAt: number | null;
  /** A user asked for this run. */
  readonly manual: boolean;
  /** The run started later than the job's grace allows, or in place of several missed occurrences. */
  readonly misfire: boolean;
  readonly claimedAt: number;
  readonly openedAt?: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** The answer, up to JOB_LIMITS.outputCharsMax. */
  readonly output?: string;
  readonly error?: RunError;
  /** In lists: the run was deleted, so its id and its answer are not shown. */
  readonly isDeleted?: true;
  readonly deliveries: readonly JobDelivery[];
}

/** How the run behind a JobRun ended. */
export interface JobRunEnd {
  readonly status: Exclude<RunStatus, 'queued' | 'running'>;
  readonly output: string;
  readonly startedAt?: number;
  readonly endedAt: number;
  readonly error?: RunError;
  /** Set when the run ended incomplete. */
  readonly reason?: IncompleteReason;
}

/** A run of a job that has not ended. */
export interface ActiveJobRun {
  readonly runId: string;
  readonly status: Extract<JobRunStatus, 'waiting' | 'claimed' | 'running'>;
}

/** Bounds of jobs that are not configurable. */
export const JOB_LIMITS = {
  nameCharsMax: 200,
  promptCharsMax: 5_000,
  scheduleCharsMax: 256,
  targetsMax: 8,
  toolNamesMax: 128,
  repeatTimesMax: 1_000_000,
  retryAttemptsMax: 10,
  retryBackoffSecondsMax: 3_600,
  jitterSecondsMax: 3_600,
  reasonCharsMax: 500,
  nextCountMax: 100,
  nextCountDefault: 5,
  /** Clients of earlier servers do not know pages, so the default is the usual limit of jobs per key. */
  pageJobsDefault: 1_000,
  pageJobsMax: 1_000,
  pageRunsDefault: 20,
  pageRunsMax: 100,
  outputCharsMax: 65_536,
  runsKeptMax: 200,
  /** A completed job that has not changed for this time is deleted. */
  completedDaysMax: 7,
} as const;
