import { hasEnded, JOB_LIMITS, outputText, type JobRunEnd, type JobWork, type JobWorkKind } from '#libs/contract';

import type { SqlQueries } from '../ports.js';
import { getRun } from '../run-rows.js';
import { RUN_COLUMNS, toJob, toRun, type RunRow } from './rows.js';

/** Selects the runs that waited for another run which has ended. */
const RELEASE = `
update job_runs w set status = 'claimed', wake_at = $1::bigint, version = version + 1
where status = 'waiting' and not exists (
  select 1 from job_runs o where o.job_id = w.job_id and o.status in ('claimed', 'running')
)`;

const ACTIVE = `
with found as (
  (select run_id from job_runs where status in ('claimed', 'running') and wake_at <= $1::bigint order by wake_at limit $2::int)
  union
  (select r.run_id from job_runs r join runs on runs.id = r.run_id
   where r.status = 'running' and runs.ended_at is not null limit $2::int)
)
select ${RUN_COLUMNS}, j.version::float8 as job_version, j.record as job_record
from found join job_runs r using (run_id) join jobs j on j.id = r.job_id limit $2::int`;

const DELIVERIES = `
select ${RUN_COLUMNS}, j.version::float8 as job_version, j.record as job_record
from job_runs r join jobs j on j.id = r.job_id
where r.status in ('completed', 'failed') and r.wake_at <= $1::bigint and j.owner <> all($3::text[])
order by r.wake_at limit $2::int`;

interface WorkQuery {
  readonly kind: JobWorkKind;
  readonly now: number;
  readonly limit: number;
  readonly except: readonly string[];
}

/** The runs of jobs that need work at `now` (ms), at most `limit`; no deliveries of the owners in `except`. */
export async function dueWork(db: SqlQueries, { kind, now, limit, except }: WorkQuery): Promise<JobWork[]> {
  if (kind === 'run') await db.query(RELEASE, [now]);
  const [sql, more] = kind === 'run' ? [ACTIVE, []] : [DELIVERIES, [except]];
  const rows = await db.query<RunRow & { job_version: number; job_record: string }>(sql, [now, limit, ...more]);
  const work: JobWork[] = [];
  for (const row of rows) {
    const run = toRun(row);
    // One at a time, because a snapshot has up to 16 MB and only its answer is kept.
    const end = kind === 'run' ? await endOf(db, run.runId) : undefined;
    work.push({ job: toJob({ version: row.job_version, record: row.job_record }), run, ...(end && { end }) });
  }
  return work;
}

async function endOf(db: SqlQueries, runId: string): Promise<JobRunEnd | undefined> {
  const snapshot = await getRun(db, runId);
  if (!snapshot || !hasEnded(snapshot)) return undefined;
  const { status, startedAt, endedAt, updatedAt, error, incompleteReason: reason } = snapshot;
  return {
    status: status as JobRunEnd['status'],
    output: outputText(snapshot).slice(0, JOB_LIMITS.outputCharsMax),
    endedAt: endedAt ?? updatedAt,
    ...(startedAt !== undefined && { startedAt }),
    ...(error && { error }),
    ...(reason && { reason }),
  };
}
