import type { Job, JobFilter, JobInsertion, JobUpdate, JobView, NewJob } from '#libs/contract';
import type { SqlDatabase, SqlQueries, SqlScalar } from '../ports.js';
import { IS_DELETED, toJob, toRun, type JobRow, type RunRow } from './rows.js';

// Two transactions that want an owner's last free place wait for each other here.
const LOCK = `
insert into job_owners as o (owner) values ($1) on conflict (owner) do update set owner = o.owner`;

const COUNT = `select count(*)::int as jobs from jobs where owner = $1 and ended_at is null`;

const INSERT = `
insert into jobs (id, owner, version, created_at, enabled, due_at, ended_at, record)
select $2::text, $1::text, $3::bigint, $4::bigint, $5::boolean, $6::bigint, $7::bigint, $8::text
where (${COUNT}) < $9::int
on conflict (id) do nothing returning id`;

/** Writes a new job, unless its id is taken or its owner has `jobsMax` that are not completed. @param now ms. */
export async function insertJob(db: SqlDatabase, { job, dueAt, jobsMax }: NewJob, now: number): Promise<JobInsertion> {
  const columns = [isEnabled(job), dueAt, endedAt(job, now), JSON.stringify(job)];
  return db.transaction(async (tx) => {
    await tx.query(LOCK, [job.owner]);
    const written = await tx.query(INSERT, [job.owner, job.id, job.version, job.createdAt, ...columns, jobsMax]);
    if (written.length > 0) return { kind: 'created' };
    const before = await getJob(tx, job.id);
    return before ? { kind: 'exists', job: before } : { kind: 'full' };
  });
}

/** The job in its last written state. */
export async function getJob(db: SqlQueries, id: string): Promise<Job | undefined> {
  const [row] = await db.query<JobRow>('select version::float8 as version, record from jobs where id = $1', [id]);
  return row && toJob(row);
}

// Without the answers, because a thousand of them would be too much for one reply, and lists do not show them.
const LATEST = `left join lateral (
  select version::float8 as run_version, status, wake_at::float8 as wake_at, record as run_record, ${IS_DELETED}
  from job_runs r where job_id = jobs.id and status in ('completed', 'failed', 'cancelled', 'missed') order by slot desc, attempt desc limit 1
) latest on true`;

type ViewRow = JobRow & {
  [K in keyof Omit<RunRow, 'output'> as K extends 'version' | 'record' ? `run_${K}` : K]: RunRow[K] | null;
};

/** A job with its latest run. */
export async function viewJob(db: SqlQueries, id: string): Promise<JobView | undefined> {
  const sql = `select version::float8 as version, record, latest.* from jobs ${LATEST} where id = $1`;
  const [row] = await db.query<ViewRow>(sql, [id]);
  return row && toView(row);
}

/** An owner's jobs, newest first. */
export async function listJobs(db: SqlQueries, filter: JobFilter): Promise<JobView[]> {
  const { owner, includeDisabled, limit, after } = filter;
  const rows = await db.query<ViewRow>(
    `select version::float8 as version, record, latest.* from (
       select * from jobs where owner = $1 and ($2::boolean or enabled)
         and ($3::bigint is null or (created_at, id) < ($3::bigint, $4::text))
       order by created_at desc, id desc limit $5::int
     ) jobs ${LATEST} order by created_at desc, id desc`,
    [owner, includeDisabled, after?.createdAt ?? null, after?.id ?? null, limit],
  );
  return rows.map(toView);
}

const UPDATE = `
update jobs set version = version + 1, enabled = $3::boolean, due_at = $4::bigint, ended_at = $5::bigint, record = $6
where id = $1 and version = $2::bigint returning id`;

/**
 * Writes a change that is based on `job.version`, unless it resumes a completed job whose owner has `jobsMax` others.
 * @param now ms.
 */
export async function updateJob(db: SqlDatabase, { job, dueAt, jobsMax }: NewJob, now: number): Promise<JobUpdate> {
  const columns = [job.id, job.version, isEnabled(job), dueAt, endedAt(job, now), JSON.stringify(job)];
  return db.transaction(async (tx) => {
    const ended = job.state === 'completed' ? [] : await tx.query(ENDED, [job.id]);
    if (ended.length > 0) {
      await tx.query(LOCK, [job.owner]);
      const [row] = await tx.query<{ jobs: number }>(COUNT, [job.owner]);
      if ((row?.jobs ?? 0) >= jobsMax) return 'full';
    }
    return (await tx.query(UPDATE, columns)).length > 0 ? 'written' : 'stale';
  });
}

const ENDED = 'select id from jobs where id = $1 and ended_at is not null';

/** Deletes a job with the history of its runs. @returns whether there was one. */
export async function deleteJob(db: SqlQueries, id: string): Promise<boolean> {
  return (await db.query('delete from jobs where id = $1 returning id', [id])).length > 0;
}

/**
 * Retention: deletes at most `limit` completed jobs that were last written before `ms`, unless one of their runs has
 * not ended or is being delivered. @returns how many.
 */
export async function deleteJobsEndedBefore(db: SqlQueries, ms: number, limit: number): Promise<number> {
  const rows = await db.query(
    `delete from jobs where id in (
       select id from jobs where ended_at < $1::bigint and due_at is null and not exists (
         select 1 from job_runs r
         where r.job_id = jobs.id and (r.wake_at is not null or r.status in ('waiting', 'claimed', 'running'))
       ) order by ended_at limit $2::int
     ) and ended_at < $1::bigint returning id`,
    [ms, limit],
  );
  return rows.length;
}

/** A column of the row: writing a completed job starts its retention time again. */
export const endedAt = ({ state }: Job, now: number): number | null => (state === 'completed' ? now : null);

export const isEnabled = ({ state }: Job): SqlScalar => state === 'scheduled';

function toView(row: ViewRow): JobView {
  const { run_version: version, run_record: record, status, wake_at, is_deleted } = row;
  const isThere = version !== null && record !== null && status !== null;
  const latest = isThere && toRun({ version, record, status, wake_at, is_deleted: is_deleted === true });
  return { job: toJob(row), ...(latest && { latest }) };
}
