import type { SqlQueries } from './ports.js';
import { storable } from './storable.js';

/** A condition that holds for rows of `runs` that were not deleted. */
export const NOT_DELETED = 'not exists (select 1 from deleted_runs where deleted_runs.id = runs.id)';

/**
 * Hides a run from every read except that of a conversation which continues it. The mark may be set before the run's
 * row is written. Repeating the call changes nothing.
 */
export async function markRunDeleted(db: SqlQueries, runId: string, at: number): Promise<void> {
  await db.query('insert into deleted_runs (id, deleted_at) values ($1, $2::bigint) on conflict do nothing', [
    storable(runId),
    at,
  ]);
}

/**
 * Erases at most `limit` runs that were deleted before `ms` and that no other run continues.
 * @returns how many; the runs that they continued may be next.
 */
export async function eraseDeletedRuns(db: SqlQueries, ms: number, limit: number): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    `with gone as (
      delete from runs where id in (
        select runs.id from deleted_runs join runs using (id)
        where deleted_at < $1::bigint and not exists (select 1 from runs child where child.parent_id = runs.id)
        limit $2::int
      ) returning 1
    )
    select count(*)::int as count from gone`,
    [ms, limit],
  );
  return row?.count ?? 0;
}

/** Removes marks older than `ms` whose runs no longer exist: by then no log is left from which a row could be made. */
export async function dropOldDeletionMarks(db: SqlQueries, ms: number): Promise<void> {
  await db.query(
    `delete from deleted_runs
     where deleted_at < $1::bigint and not exists (select 1 from runs where runs.id = deleted_runs.id)`,
    [ms],
  );
}
