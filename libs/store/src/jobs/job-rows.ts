import type { Job, JobFilter, JobInsertion, JobView, NewJob } from '#libs/contract';
import type { SqlDatabase, SqlQueries, SqlScalar } from '../ports.js';
import { toJob, toRun, type JobRow, type RunRow } from './rows.js';

const COUNT = `
insert into job_owners as o (owner, jobs) select $1, 1 where $2::int > 0
on conflict (owner) do update set jobs = o.jobs + 1 where o.jobs < $2::int
returning jobs`;

const INSERT = `
insert into jobs (id, owner, version, created_at, enabled, due_at, record)
values ($1, $2, $3::bigint, $4::bigint, $5::boolean, $6::bigint, $7)
on conflict (id) do nothing returning id`;

/** Ends a transaction whose job turned out to be there already. */
class Taken extends Error {}

/** Writes a new job, unless its id is taken or its owner has `jobsMax` of them. */
export async function insertJob(db: SqlDatabase, { job, dueAt, jobsMax }: NewJob): Promise<JobInsertion> {
  const row = [job.id, job.owner, job.version, job.createdAt, isEnabled(job), dueAt, JSON.stringify(job)];
  try {
    return await db.transaction(async (tx) => {
      // Two that are made at the same time wait for each other here: they cannot both take the last place.
      const counted = await tx.query(COUNT, [job.owner, jobsMax]);
      const written = counted.length > 0 ? await tx.query(INSERT, row) : [];
      if (written.length > 0) return { kind: 'created' };
      if (counted.length > 0 || (await getJob(tx, job.id))) throw new Taken();
      return { kind: 'full' };
    });
  } catch (cause) {
    const before = cause instanceof Taken ? await getJob(db, job.id) : undefined;
    if (before) return { kind: 'exists', job: before };
    throw cause;
  }
}

/** The job as it was last written. */
export async function getJob(db: SqlQueries, id: string): Promise<Job | undefined> {
  const [row] = await db.query<JobRow>('select version::float8 as version, record from jobs where id = $1', [id]);
  return row && toJob(row);
}

// Without the answers: a thousand of them would be too much for one reply, and lists do not show them.
const LATEST = `left join lateral (
  select version::float8 as run_version, status, wake_at::float8 as wake_at, record as run_record
  from job_runs where job_id = jobs.id and status in ('completed', 'failed', 'cancelled', 'missed') order by slot desc, attempt desc limit 1
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

/** Writes a change of `job.version`. @returns false when the job was changed or deleted since that was read. */
export async function updateJob(db: SqlQueries, job: Job, dueAt: number | null): Promise<boolean> {
  const rows = await db.query(
    `update jobs set version = version + 1, enabled = $3::boolean, due_at = $4::bigint, record = $5
     where id = $1 and version = $2::bigint returning id`,
    [job.id, job.version, isEnabled(job), dueAt, JSON.stringify(job)],
  );
  return rows.length > 0;
}

const DELETE = `
with gone as (delete from jobs where id = $1 returning owner)
update job_owners o set jobs = o.jobs - 1 from gone where o.owner = gone.owner returning o.owner`;

/** Deletes a job with the history of its runs. @returns whether there was one. */
export async function deleteJob(db: SqlQueries, id: string): Promise<boolean> {
  return (await db.query(DELETE, [id])).length > 0;
}

export const isEnabled = ({ state }: Job): SqlScalar => state === 'scheduled';

function toView(row: ViewRow): JobView {
  const { run_version: version, run_record: record, status, wake_at } = row;
  const latest = version !== null && record !== null && status !== null && toRun({ version, record, status, wake_at });
  return { job: toJob(row), ...(latest && { latest }) };
}
