import type { ActiveJobRun, Job, JobRun, JobRunEnd } from '../../jobs/job.js';
import type { PortCalls } from './port-calls.js';
import { aFlag, anObject, aNumber, aText, listOf, oneOf, optional, orNull } from './shape.js';

/** A job with its latest run that is over and was not skipped. The answer of that run is only in the history. */
export interface JobView {
  readonly job: Job;
  readonly latest?: Omit<JobRun, 'output'>;
}

/** A job to write. */
export interface NewJob {
  readonly job: Job;
  /** When it is due next, ms; null for never. */
  readonly dueAt: number | null;
  /** Jobs that its owner may have; completed ones do not count. */
  readonly jobsMax: number;
}

export type JobInsertion = { readonly kind: 'created' | 'full' } | { readonly kind: 'exists'; readonly job: Job };

/**
 * `stale`: the job was changed or deleted since it was read. `full`: the job was completed, and its owner has no room
 * to resume it.
 */
export type JobUpdate = 'written' | 'stale' | 'full';

export interface JobFilter {
  readonly owner: string;
  /** Whether paused and completed jobs are included. */
  readonly includeDisabled: boolean;
  readonly limit: number;
  /** The job after which the page begins. */
  readonly after?: { readonly createdAt: number; readonly id: string };
}

export interface JobRunFilter {
  readonly jobId: string;
  readonly limit: number;
  /** The run after which the page begins. */
  readonly after?: { readonly slot: number; readonly attempt: number };
}

export interface DueJob {
  readonly job: Job;
  readonly active: readonly ActiveJobRun[];
}

export interface DueJobs {
  /** The store's clock, in ms. It alone decides, so the clocks of schedulers do not matter. */
  readonly now: number;
  readonly jobs: readonly DueJob[];
  /** When the next job or run of a job is due. Absent when none is. */
  readonly nextAt?: number;
}

/** A job that moves to its next occurrence, by the version that was read, and the run of its current occurrence. */
export interface JobClaim {
  readonly job: Job;
  readonly dueAt: number | null;
  readonly run?: JobRun;
  /** Runs of the job that the new run replaces. Those that were not opened yet end here. */
  readonly cancel?: readonly string[];
}

/** `run`: a run to open, to settle or to check. `delivery`: results that are being delivered. */
export type JobWorkKind = 'run' | 'delivery';

export interface JobWork {
  readonly job: Job;
  readonly run: JobRun;
  /** The run behind it has ended. */
  readonly end?: JobRunEnd;
}

export interface JobWorkPage {
  readonly now: number;
  readonly work: readonly JobWork[];
}

/** A change of a job's run, by the version that was read, and possibly the attempt that follows it. */
export interface JobRunChange {
  readonly run: JobRun;
  readonly next?: JobRun;
}

/**
 * The rows of jobs: SQL (`sqlJobStore`), or the store service over HTTP (`storeClient`). This port knows nothing about
 * calendars. Every write names the version that it is based on, so a change, a firing and a settlement never overwrite
 * each other. Rejects when the rows cannot be reached; the HTTP client rejects with GatewayError `unavailable`.
 */
export interface JobStore {
  /** Writes a new job, unless its id is taken or its owner has `jobsMax` that are not completed. */
  insert(entry: NewJob): Promise<JobInsertion>;
  /** A job with its latest run. */
  view(query: { readonly id: string }): Promise<JobView | undefined>;
  /** An owner's jobs, newest first. */
  list(filter: JobFilter): Promise<readonly JobView[]>;
  /** Writes a change that is based on `job.version`. A completed job that is resumed counts like a new one. */
  update(entry: NewJob): Promise<JobUpdate>;
  /** Deletes a job with the history of its runs. @returns whether there was one. */
  remove(query: { readonly id: string }): Promise<boolean>;
  /** The history of a job, newest first. */
  runs(filter: JobRunFilter): Promise<readonly JobRun[]>;
  /** The jobs that are due, the longest overdue first. */
  due(query: { readonly limit: number }): Promise<DueJobs>;
  /**
   * Moves each job to its next occurrence and writes its run, all or nothing, and only where the job has not changed
   * since it was read. Of each job's history the newest JOB_LIMITS.runsKeptMax runs stay, and all runs that are not
   * over. @returns the ids of the runs that were written; the caller must open those.
   */
  claim(query: { readonly claims: readonly JobClaim[] }): Promise<readonly string[]>;
  /** The runs of jobs that need work. @param query.except owners whose deliveries are left out. */
  work(query: {
    readonly kind: JobWorkKind;
    readonly limit: number;
    readonly except?: readonly string[];
  }): Promise<JobWorkPage>;
  /** Writes changes where the version is still the one that was read. @returns the ids of the changed runs. */
  change(query: { readonly changes: readonly JobRunChange[] }): Promise<readonly string[]>;
}

const aJob = anObject({ id: aText, owner: aText, version: aNumber });
const aJobRun = anObject({ runId: aText, jobId: aText, owner: aText, version: aNumber, status: aText });
const aView = anObject({ job: aJob, latest: optional(anObject({ runId: aText })) });
const anEntry = anObject({ job: aJob, dueAt: orNull(aNumber), jobsMax: aNumber });
const ids = listOf(aText);

export const JOB_STORE_CALLS: PortCalls<JobStore> = {
  insert: {
    args: { entry: anEntry },
    gives: anObject({ kind: oneOf(['created', 'full', 'exists']), job: optional(aJob) }),
  },
  view: { args: { query: anObject({ id: aText }) }, finds: aView },
  list: { args: { filter: anObject({ owner: aText, includeDisabled: aFlag, limit: aNumber }) }, gives: listOf(aView) },
  update: { args: { entry: anEntry }, gives: oneOf(['written', 'stale', 'full']) },
  remove: { args: { query: anObject({ id: aText }) }, gives: aFlag },
  runs: { args: { filter: anObject({ jobId: aText, limit: aNumber }) }, gives: listOf(aJobRun) },
  due: {
    args: { query: anObject({ limit: aNumber }) },
    gives: anObject({
      now: aNumber,
      jobs: listOf(anObject({ job: aJob, active: listOf(anObject({ runId: aText })) })),
    }),
  },
  claim: {
    args: {
      query: anObject({ claims: listOf(anObject({ job: aJob, dueAt: orNull(aNumber), run: optional(aJobRun) })) }),
    },
    gives: ids,
  },
  work: {
    args: { query: anObject({ kind: oneOf(['run', 'delivery']), limit: aNumber, except: optional(ids) }) },
    gives: anObject({ now: aNumber, work: listOf(anObject({ job: aJob, run: aJobRun })) }),
  },
  change: {
    args: { query: anObject({ changes: listOf(anObject({ run: aJobRun, next: optional(aJobRun) })) }) },
    gives: ids,
  },
};
