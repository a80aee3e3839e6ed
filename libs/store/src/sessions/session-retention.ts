import type { SqlQueries } from '../ports.js';

/**
 * Retention: deletes at most `limit` sessions that have not changed since `ms` and whose last run no longer exists, so
 * that nothing of the conversation is left to continue. @returns how many.
 */
export async function deleteSessionsUnusedSince(db: SqlQueries, ms: number, limit: number): Promise<number> {
  const rows = await db.query(
    `delete from sessions using (
       select owner, id from sessions
       where updated_at < $1::bigint and not exists (select 1 from runs where runs.id = sessions.last_run_id)
       order by updated_at limit $2::int
     ) old
     where sessions.owner = old.owner and sessions.id = old.id and updated_at < $1::bigint returning sessions.id`,
    [ms, limit],
  );
  return rows.length;
}

/** Retention: removes the usage of at most `limit` runs that were created before `ms`. @returns how many. */
export async function deleteUsageBefore(db: SqlQueries, ms: number, limit: number): Promise<number> {
  const rows = await db.query(
    `delete from session_usage where run_id in (
       select run_id from session_usage where created_at < $1::bigint order by created_at limit $2::int
     ) returning run_id`,
    [ms, limit],
  );
  return rows.length;
}
