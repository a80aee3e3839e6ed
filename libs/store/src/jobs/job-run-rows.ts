import { JOB_LIMITS, type JobRun, type JobRunChange, type JobRunFilter } from '#libs/contract';
import type { SqlDatabase, SqlQueries, SqlScalar } from '../ports.js';
import { columnsOf, IS_DELETED, RUN_COLUMNS, textsOf, toRun, type RunRow } from './rows.js';

/** Writes runs of jobs that do not exist yet. @returns the ids of those that were written. */
export async function insertRuns(db: SqlQueries, runs: readonly JobRun[]): Promise<string[]> {
  if (runs.length === 0) return [];
  const rows = runs.map((run): SqlScalar[] => [
    run.runId,
    run.jobId,
    run.slot,
    run.attempt,
    run.status,
    run.wakeAt,
    ...textsOf(run),
  ]);
  const written = await db.query<{ run_id: string }>(
    `insert into job_runs (run_id, job_id, version, slot, attempt, status, wake_at, record, output)
     select run_id, job_id, 1, slot, attempt, status, wake_at, record, output from unnest(
       $1::text[], $2::text[], $3::bigint[], $4::int[], $5::text[], $6::bigint[], $7::text[], $8::text[]
     ) as r (run_id, job_id, slot, attempt, status, wake_at, record, output)
     on conflict do nothing returning run_id`,
    columnsOf(rows, 8),
  );
  return written.map(({ run_id }) => run_id);
}

/** The history of a job, newest first; of runs that were deleted without their answers. */
export async function listJobRuns(db: SqlQueries, { jobId, limit, after }: JobRunFilter): Promise<JobRun[]> {
  const rows = await db.query<RunRow>(
    `select ${RUN_COLUMNS}, ${IS_DELETED} from job_runs r
     where job_id = $1 and ($2::bigint is null or (slot, attempt) < ($2::bigint, $3::int))
     order by slot desc, attempt desc limit $4::int`,
    [jobId, after?.slot ?? null, after?.attempt ?? null, limit],
  );
  return rows.map(toRun);
}

const CHANGE = `
with wanted as (
  select * from unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[])
    as w (run_id, version, status, wake_at, record, output)
), held as (
  select r.run_id from job_runs r join wanted w on w.run_id = r.run_id and w.version = r.version
  order by r.run_id for update of r
)
update job_runs r
set version = r.version + 1, status = w.status, wake_at = w.wake_at, record = w.record,
  output = case when r.run_deleted_at is null then w.output end
from wanted w join held using (run_id) where r.run_id = w.run_id and r.version = w.version
returning r.run_id`;

/**
 * Writes changes where the version is still the one that was read; no answer of a deleted run. @returns the ids of the
 * changed runs.
 */
export function changeJobRuns(db: SqlDatabase, changes: readonly JobRunChange[]): Promise<string[]> {
  return db.transaction(async (tx) => {
    const rows = changes.map(({ run }): SqlScalar[] => [
      run.runId,
      run.version,
      run.status,
      run.wakeAt,
      ...textsOf(run),
    ]);
    const changed = (await tx.query<{ run_id: string }>(CHANGE, columnsOf(rows, 6))).map(({ run_id }) => run_id);
    const ids = new Set(changed);
    await insertRuns(
      tx,
      changes.flatMap(({ run, next }) => (next && ids.has(run.runId) ? [next] : [])),
    );
    return changed;
  });
}

/**
 * More rows than one occurrence with all its attempts adds, so a surplus of older rows shrinks with every occurrence.
 */
const PRUNED_MAX = 20;

const PRUNE = `
delete from job_runs where run_id in (
  select old.run_id from unnest($1::text[]) as job (id) cross join lateral (
    select run_id from job_runs
    where job_id = job.id and wake_at is null and status not in ('waiting', 'claimed', 'running')
    order by slot desc, attempt desc offset $2::int limit $3::int
  ) old
)`;

/** Retention: of each of these jobs, the newest JOB_LIMITS.runsKeptMax runs stay, and all runs that have not ended. */
export async function pruneRunsOf(db: SqlQueries, jobIds: readonly string[]): Promise<void> {
  await db.query(PRUNE, [jobIds, JOB_LIMITS.runsKeptMax, PRUNED_MAX]);
}
