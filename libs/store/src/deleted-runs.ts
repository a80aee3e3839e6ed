import type { SqlQueries } from './ports.js';
import { storable } from './storable.js';

/** A condition that holds for rows of `runs` that were not deleted. */
export const NOT_DELETED = 'not exists (select 1 from deleted_runs where deleted_runs.id = runs.id)';

// One statement, because an answer that stays in the history of its job would be shown again when the mark is gone.
const MARK = `
with marked as (
  insert into deleted_runs (id, deleted_at) values ($1, $2::bigint) on conflict do nothing
), untold as (
  delete from webhook_deliveries where run_id = $1
)
update job_runs set output = null, run_deleted_at = coalesce(run_deleted_at, $2::bigint) where run_id = $1`;

/**
 * Hides a run from every read except that of a conversation which continues it, and erases its answer in the history of
 * its job and what webhooks are told of it. The mark may be set before the run's row is written. Repeating the call
 * changes nothing.
 */
export async function markRunDeleted(db: SqlQueries, runId: string, at: number): Promise<void> {
  await db.query(MARK, [storable(runId), at]);
}

/**
 * Erases at most `limit` runs that were deleted before `ms` and that no other run continues. A session that went on
 * from one of them goes on from the run before it.
 * @returns how many; the runs that they continued may be next.
 */
export async function eraseDeletedRuns(db: SqlQueries, ms: number, limit: number): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    `with gone as (
      delete from runs where id in (
        select runs.id from deleted_runs join runs using (id)
        where deleted_at < $1::bigint and not exists (select 1 from runs child where child.parent_id = runs.id)
        limit $2::int
      ) returning id, parent_id
    ), before as (
      update sessions set last_run_id = (select runs.id from runs where runs.id = gone.parent_id)
      from gone where sessions.last_run_id = gone.id
    )
    select count(*)::int as count from gone`,
    [ms, limit],
  );
  return row?.count ?? 0;
}

// Of a run that went by its age, or whose job was written by an earlier version, the mark is all that hides the rest.
const DROP = `
with gone as (
  delete from deleted_runs where id in (
    select id from deleted_runs
    where deleted_at < $1::bigint and not exists (select 1 from runs where runs.id = deleted_runs.id)
    limit $2::int
  ) returning id, deleted_at
), ended as (
  update sessions set last_run_id = null from gone where sessions.last_run_id = gone.id
), erased as (
  update job_runs set output = null, run_deleted_at = gone.deleted_at from gone where job_runs.run_id = gone.id
)
select count(*)::int as count from gone`;

/**
 * Removes at most `limit` marks older than `ms` whose runs no longer exist: by then no log is left from which a row
 * could be made. What still names such a run, or has its answer, loses it first. @returns how many.
 */
export async function dropOldDeletionMarks(db: SqlQueries, ms: number, limit: number): Promise<number> {
  const [row] = await db.query<{ count: number }>(DROP, [ms, limit]);
  return row?.count ?? 0;
}
