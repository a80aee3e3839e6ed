import type { ActiveJobRun, Job, JobRun, JobRunEnd } from '../../jobs/job.js';
import type { PortCalls } from './port-calls.js';
import { aFlag, anObject, aNumber, aText, listOf, oneOf, optional, orNull } from './shape.js';

/** A job with the latest of its runs that is over and was not skipped; what that answered is in the history alone. */
export interface JobView {
  readonly job: Job;
  readonly latest?: Omit<JobRun, 'output'>;
}

/** A job to be written. */
export interface NewJob {
  readonly job: Job;
  /** When it is due next, ms; null for never. */
  readonly dueAt: number | null;
  /** Jobs that its owner may have; completed ones do not count. */
  readonly jobsMax: number;
}

export type JobInsertion = { readonly kind: 'created' | 'full' } | { readonly kind: 'exists'; readonly job: Job };

/**
 * `stale`: it was changed or deleted since it was read. `full`: it was completed, and there is no room to take it up
 * again.
 */
export type JobUpdate = 'written' | 'stale' | 'full';

export interface JobFilter {
  readonly owner: string;
  /** Paused and completed ones too. */
  readonly includeDisabled: boolean;
  readonly limit: number;
  /** The job after which to go on. */
  readonly after?: { readonly createdAt: number; readonly id: string };
}

export interface JobRunFilter {
  readonly jobId: string;
  readonly limit: number;
  /** The run after which to go on. */
  readonly after?: { readonly slot: number; readonly attempt: number };
}

export interface DueJob {
  readonly job: Job;
  readonly active: readonly ActiveJobRun[];
}

export interface DueJobs {
  /** The clock that decides, ms: of the store, so that the clocks of schedulers do not matter. */
  readonly now: number;
  readonly jobs: readonly DueJob[];
  /** When the next job or run of a job is due; absent: none is. */
  readonly nextAt?: number;
}

/** A job moved on, by the version that was read, and the run of its occurrence. */
export interface JobClaim {
  readonly job: Job;
  readonly dueAt: number | null;
  readonly run?: JobRun;
  /** Runs of the job that the new one replaces; those that were not opened yet end here. */
  readonly cancel?: readonly string[];
}

/** `run`: to open, to settle or to look after. `delivery`: results on their way to somebody. */
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

/** A run of a job changed, by the version that was read, and perhaps the attempt that follows it. */
export interface JobRunChange {
  readonly run: JobRun;
  readonly next?: JobRun;
}

/**
 * The rows of jobs: SQL (`sqlJobStore`), or the store service over HTTP (`storeClient`). Nothing here knows about
 * calendars. Every write names the version it was made from, so that a change, a firing and a settlement never
 * overwrite each other. Rejects when the rows cannot be reached; the HTTP one with GatewayError `unavailable`.
 */
export interface JobStore {
  /** Writes a new job, unless its id is taken or its owner has `jobsMax` that are not completed. */
  insert(entry: NewJob): Promise<JobInsertion>;
  /** A job with its latest run. */
  view(query: { readonly id: string }): Promise<JobView | undefined>;
  /** An owner's jobs, newest first. */
  list(filter: JobFilter): Promise<readonly JobView[]>;
  /** Writes a change of `job.version`. A completed job that is taken up again counts like a new one. */
  update(entry: NewJob): Promise<JobUpdate>;
  /** Deletes a job with the history of its runs. @returns whether there was one. */
  remove(query: { readonly id: string }): Promise<boolean>;
  /** The history of a job, newest first. */
  runs(filter: JobRunFilter): Promise<readonly JobRun[]>;
  /** The jobs that are due, the longest overdue first. */
  due(query: { readonly limit: number }): Promise<DueJobs>;
  /**
   * Moves each job on and writes its run, all or nothing, and only where the job is still as it was read. Of each job's
   * history the newest JOB_LIMITS.runsKeptMax runs stay, and all that are not over. @returns the ids of the runs that
   * were written: those are the caller's to open.
   */
  claim(query: { readonly claims: readonly JobClaim[] }): Promise<readonly string[]>;
  /** What is to be done about runs of jobs. @param query.except owners whose deliveries are left out. */
  work(query: {
    readonly kind: JobWorkKind;
    readonly limit: number;
    readonly except?: readonly string[];
  }): Promise<JobWorkPage>;
  /** Writes changes where nothing else changed since. @returns the ids of the changed runs. */
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
