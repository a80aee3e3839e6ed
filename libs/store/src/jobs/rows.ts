import type { Job, JobRun, JobRunStatus } from '#libs/contract';

export interface JobRow {
  readonly version: number;
  readonly record: string;
}

export const toJob = ({ version, record }: JobRow): Job => ({ ...(JSON.parse(record) as Job), version });

export interface RunRow {
  readonly version: number;
  readonly status: JobRunStatus;
  readonly wake_at: number | null;
  readonly record: string;
  /** JSON text. Absent or null when there is none, or when it was not selected. */
  readonly output?: string | null;
  /** Whether the run was deleted; absent when it was not asked for. */
  readonly is_deleted?: boolean | null;
}

/** For lists of `job_runs r`. */
export const IS_DELETED = `(
  r.run_deleted_at is not null or exists (select 1 from deleted_runs where deleted_runs.id = r.run_id)
) as is_deleted`;

export const RUN_COLUMNS = 'r.version::float8 as version, r.status, r.wake_at::float8 as wake_at, r.record, r.output';

/** Columns take precedence over the record, because some statements change only them. */
export const toRun = ({ version, status, wake_at, record, output, is_deleted }: RunRow): JobRun => ({
  ...(JSON.parse(record) as JobRun),
  version,
  status,
  wakeAt: wake_at,
  ...(is_deleted === true
    ? { isDeleted: true }
    : typeof output === 'string' && { output: JSON.parse(output) as string }),
});

/** The texts of a run's row: the record, and separately the answer, which lists of jobs do not read. */
export function textsOf({ output, ...rest }: JobRun): [record: string, output: string | null] {
  return [JSON.stringify(rest), output === undefined ? null : JSON.stringify(output)];
}

/** Turns rows into the columns that `unnest` takes: `count` columns, even when there are no rows. */
export function columnsOf<T>(rows: readonly (readonly T[])[], count: number): T[][] {
  return Array.from({ length: count }, (_, i) => rows.map((row) => row[i] as T));
}
