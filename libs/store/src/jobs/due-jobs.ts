import type { ActiveJobRun, DueJobs, JobClaim } from '#libs/contract';
import type { SqlDatabase, SqlQueries, SqlScalar } from '../ports.js';
import { endedAt, isEnabled } from './job-rows.js';
import { insertRuns, pruneRunsOf } from './job-run-rows.js';
import { columnsOf, toJob, type JobRow } from './rows.js';

const DUE = `
select version::float8 as version, record, (
  select json_agg(json_build_object('runId', r.run_id, 'status', r.status))::text from job_runs r
  where r.job_id = jobs.id and r.status in ('waiting', 'claimed', 'running')
) as active
from jobs where due_at <= $1::bigint order by due_at limit $2::int`;

const NEXT = `
select least(
  (select min(due_at) from jobs where due_at > $1::bigint), (select min(wake_at) from job_runs where wake_at > $1::bigint)
)::float8 as at`;

/** The jobs that are due at `now`, the longest overdue first. */
export async function dueJobs(db: SqlQueries, now: number, limit: number): Promise<DueJobs> {
  const rows = await db.query<JobRow & { active: string | null }>(DUE, [now, limit]);
  const [next] = await db.query<{ at: number | null }>(NEXT, [now]);
  const jobs = rows.map((row) => ({ job: toJob(row), active: JSON.parse(row.active ?? '[]') as ActiveJobRun[] }));
  return { now, jobs, ...(typeof next?.at === 'number' && { nextAt: next.at }) };
}

const CLAIM = `
with wanted as (
  select * from unnest($1::text[], $2::bigint[], $3::boolean[], $4::bigint[], $5::bigint[], $6::text[])
    as w (id, version, enabled, due_at, ended_at, record)
), held as (
  select j.id from jobs j join wanted w on w.id = j.id and w.version = j.version order by j.id for update of j
)
update jobs j
set version = j.version + 1, enabled = w.enabled, due_at = w.due_at, ended_at = w.ended_at, record = w.record
from wanted w join held using (id) where j.id = w.id and j.version = w.version
returning j.id`;

const REPLACE = `
update job_runs set status = 'cancelled', wake_at = null, version = version + 1
where run_id = any($1::text[]) and status in ('waiting', 'claimed')`;

/**
 * Claims occurrences: moves each job to its next occurrence and writes its run, both or neither, and only where the job
 * has not changed since it was read. @returns the ids of the runs that were written; the caller must open those. @param
 * now ms.
 */
export function claimOccurrences(db: SqlDatabase, claims: readonly JobClaim[], now: number): Promise<string[]> {
  return db.transaction(async (tx) => {
    const rows = claims.map(({ job, dueAt }): SqlScalar[] => [
      job.id,
      job.version,
      isEnabled(job),
      dueAt,
      endedAt(job, now),
      JSON.stringify(job),
    ]);
    const moved = new Set((await tx.query<{ id: string }>(CLAIM, columnsOf(rows, 6))).map(({ id }) => id));
    const replaced = claims.flatMap(({ job, cancel = [] }) => (moved.has(job.id) ? cancel : []));
    if (replaced.length > 0) await tx.query(REPLACE, [replaced]);
    const runs = claims.flatMap(({ job, run }) => (run && moved.has(job.id) ? [run] : []));
    const written = await insertRuns(tx, runs);
    // Done here, where each job is read anyway, so no sweep has to read the history of every job.
    await pruneRunsOf(tx, [...moved]);
    return written;
  });
}
