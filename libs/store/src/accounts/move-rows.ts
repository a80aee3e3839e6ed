import type { MovedRows } from '#libs/contract';
import type { SqlDatabase, SqlQueries } from '../ports.js';
import { storable } from '../storable.js';
import { moveJobs } from './owner-rows.js';

interface Names {
  readonly from: string;
  readonly to: string;
}

/** Of one call: a statement may take some seconds, and others want the database, too. */
const MOVED_MAX = 500;

// A run that has not ended keeps its name: its log names it, too, and goes on.
const RUNS = `
with some_runs as (
  select id from runs where owner = $1 and ended_at is not null order by created_at limit $3::int
)
update runs set owner = $2 from some_runs where runs.id = some_runs.id returning runs.id`;

const TEXTS = 'update run_texts set owner = $2 where owner = $1 and run_id = any($3::text[])';

const some = (table: string, key: string): string =>
  `update ${table} set owner = $2 where owner = $1
   and ${key} in (select ${key} from ${table} where owner = $1 limit $3::int) returning 1`;

const WEBHOOKS = some('webhooks', 'id');
const CONVERSATIONS = some('conversations', 'id');
const TOTALS = some('session_usage', 'run_id');
/** Last: a session is there when all that was said in it is; one in which a run goes on waits for its end. */
const SESSIONS = `
update sessions set owner = $2 where owner = $1 and id in (
  select id from sessions where owner = $1
    and not exists (select 1 from runs where runs.owner = $1 and runs.session_id = sessions.id)
  limit $3::int
) returning 1`;

/** Sessions that are named in an error. */
const SHARED_MAX = 10;

/** Ids of sessions that both names have, at most ten: a move would make one of two. */
export async function sharedSessions(db: SqlQueries, { from, to }: Names): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `select mine.id from sessions mine join sessions other on other.owner = $2 and other.id = mine.id
     where mine.owner = $1 order by mine.id limit ${SHARED_MAX}`,
    [storable(from), storable(to)],
  );
  return rows.map(({ id }) => id);
}

/**
 * Gives some of the rows of one name to another: jobs with their history, conversations, runs, webhooks with their
 * deliveries, sessions with their totals. What was used stays with the name that used it. Runs that have not ended
 * stay, with their sessions.
 * @returns how many; 0: nothing more can be moved now.
 */
export async function moveRows(db: SqlDatabase, names: Names): Promise<MovedRows> {
  const jobs = await moveJobs(db, names);
  if (jobs > 0) return { rows: jobs, runIds: [] };
  const params = [storable(names.from), storable(names.to)];
  for (const sql of [CONVERSATIONS, TOTALS]) {
    const moved = await db.query(sql, [...params, MOVED_MAX]);
    if (moved.length > 0) return { rows: moved.length, runIds: [] };
  }
  const runIds = await db.transaction(async (tx) => {
    const ids = (await tx.query<{ id: string }>(RUNS, [...params, MOVED_MAX])).map(({ id }) => id);
    if (ids.length > 0) await tx.query(TEXTS, [...params, ids]);
    return ids;
  });
  if (runIds.length > 0) return { rows: runIds.length, runIds };
  const webhooks = await db.query(WEBHOOKS, [...params, MOVED_MAX]);
  if (webhooks.length > 0) return { rows: webhooks.length, runIds: [] };
  return { rows: (await db.query(SESSIONS, [...params, MOVED_MAX])).length, runIds: [] };
}
