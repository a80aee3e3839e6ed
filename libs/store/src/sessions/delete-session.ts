import { LIMITS, type SessionRef } from '#libs/contract';
import type { SqlQueries } from '../ports.js';
import { storable } from '../storable.js';

const TOMBSTONE = `
insert into deleted_sessions (owner, id, up_to, deleted_at) values ($1, $2, $3, $4)
on conflict (owner, id) do update set
  up_to = greatest(deleted_sessions.up_to, excluded.up_to), deleted_at = excluded.deleted_at`;

// A run that another conversation continues stays, with all runs before it, but no longer belongs to the session.
const DELETE_RUNS = `
with recursive mine as (
  select id, parent_id from runs where owner = $1 and session_id = $2 and created_at <= $3::bigint
), needed as (
  select id, parent_id from mine where
    exists (
      select 1 from runs child where child.parent_id = mine.id and child.owner = $1
        and (child.session_id is distinct from $2 or child.created_at > $3::bigint)
    )
    or exists (
      select 1 from sessions other where other.owner = $1 and other.id <> $2 and other.last_run_id = mine.id
    )
  union
  select mine.id, mine.parent_id from needed join mine on mine.id = needed.parent_id
), released as (
  update runs set session_id = null where id in (select id from needed) returning id
), gone as (
  delete from runs where id in (select id from mine except select id from needed) returning id
), untold as (
  delete from webhook_deliveries where run_id in (select id from gone)
)
select id from gone`;

/** By then even logs that were never persisted have expired, so nothing can bring the session back. */
const TOMBSTONE_MS = 2_000 * LIMITS.runLogOrphanTtlSeconds;

/**
 * Deletes a session and its runs created up to `upTo` (ms since the epoch), with everything in them and what webhooks
 * are told of them, except what another conversation still needs (a fork, a response that continues one of them).
 *
 * The tombstone is written before the first row is deleted. So a run that is being written at this moment is either
 * seen here or sees the tombstone (`upsertSessions`). An interrupted deletion can be repeated. @returns the ids of the
 * deleted runs.
 */
export async function deleteSession(
  db: SqlQueries,
  key: SessionRef,
  time: { readonly upTo: number; readonly now: number },
): Promise<readonly string[]> {
  const names = [storable(key.owner), storable(key.sessionId)];
  await db.query(TOMBSTONE, [...names, time.upTo, time.now]);
  const gone = await db.query<{ id: string }>(DELETE_RUNS, [...names, time.upTo]);
  const upTo = [...names, time.upTo];
  await db.query('delete from session_usage where owner = $1 and session_id = $2 and created_at <= $3::bigint', upTo);
  await db.query('delete from sessions where owner = $1 and id = $2 and last_run_at <= $3::bigint', upTo);
  await db.query('delete from deleted_sessions where deleted_at < $1::bigint', [time.now - TOMBSTONE_MS]);
  return gone.map(({ id }) => id);
}
