import type { SqlQueries } from './ports.js';

/**
 * Retention by count: deletes the oldest ended runs of owners who have more than `max`, at most `limit` in one call.
 * @returns how many; 0 means that every owner is within bounds.
 */
export async function deleteRunsBeyond(db: SqlQueries, max: number, limit: number): Promise<number> {
  const owners = await db.query<{ owner: string; surplus: number }>(
    `select owner, (count(*) - $1::bigint)::int as surplus from runs group by owner having count(*) > $1::bigint`,
    [max],
  );
  let deleted = 0;
  for (const { owner, surplus } of owners) {
    if (deleted >= limit) break;
    deleted += await deleteOldest(db, owner, Math.min(surplus, limit - deleted));
  }
  return deleted;
}

async function deleteOldest(db: SqlQueries, owner: string, count: number): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    `with gone as (
      delete from runs where id in (
        select id from runs where owner = $1 and ended_at is not null order by created_at, id limit $2::int
      ) returning 1
    )
    select count(*)::int as count from gone`,
    [owner, count],
  );
  return row?.count ?? 0;
}
