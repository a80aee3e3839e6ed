import type { SqlQueries } from './ports.js';

/** Retention by count: the owners with more than `max` runs, and how many more. Counts all existing runs. */
export function surplusOfOwners(
  db: SqlQueries,
  max: number,
): Promise<{ readonly owner: string; readonly surplus: number }[]> {
  return db.query(
    `select owner, (count(*) - $1::bigint)::int as surplus from runs group by owner having count(*) > $1::bigint`,
    [max],
  );
}

/** Deletes the oldest runs of an owner that have ended, at most `count`. @returns how many. */
export async function deleteOldestRuns(db: SqlQueries, owner: string, count: number): Promise<number> {
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
