import type { OwnerRows } from '#libs/contract';
import type { SqlDatabase, SqlQueries } from '../ports.js';
import { storable } from '../storable.js';

const JOBS = `select owner, count(*)::int as jobs, 0 as runs, 0 as sessions, 0 as conversations
from jobs where ended_at is null group by owner`;

const ALL = `
select owner, sum(jobs)::int as jobs, sum(runs)::int as runs, sum(sessions)::int as sessions,
  sum(conversations)::int as conversations, sum(webhooks)::int as webhooks
from (
  select counted.*, 0 as webhooks from (${JOBS}) counted
  union all select owner, 0, count(*)::int, 0, 0, 0 from runs group by owner
  union all select owner, 0, 0, count(*)::int, 0, 0 from sessions group by owner
  union all select owner, 0, 0, 0, count(*)::int, 0 from conversations group by owner
  union all select owner, 0, 0, 0, 0, count(*)::int from webhooks group by owner
) rows group by owner order by owner limit $1::int`;

// Walks from name to name along the indexes, instead of reading all rows of every name.
const names = (table: string): string => `(
  with recursive names as (
    (select owner from ${table} order by owner limit 1)
    union all
    select (select next.owner from ${table} next where next.owner > names.owner order by next.owner limit 1)
    from names where names.owner is not null
  )
  select owner from names where owner is not null
)`;

const JOBS_AND_NAMES = `
select owner, sum(jobs)::int as jobs, 0 as runs, 0 as sessions, 0 as conversations, 0 as webhooks
from (
  select owner, jobs from (${JOBS}) counted
  union all select owner, 0 from ${names('runs')} of_runs
  union all select owner, 0 from ${names('sessions')} of_sessions
  union all select owner, 0 from ${names('webhooks')} of_webhooks
) rows group by owner order by owner limit $1::int`;

/** Names in one report. */
const OWNERS_MAX = 1_000;

/** Every name that has rows, and how many. Counting reads the indexes of all of them. */
export function readOwners(db: SqlQueries, { jobsOnly }: { readonly jobsOnly: boolean }): Promise<OwnerRows[]> {
  return db.query(jobsOnly ? JOBS_AND_NAMES : ALL, [OWNERS_MAX]);
}

// Inside of a JSON text quotes are escaped, so this is the field and nothing that somebody wrote.
const MOVE_RUNS = `
update job_runs set version = version + 1, record = replace(record, $3, $4)
where job_id in (select id from jobs where owner = $1) and $2::text is not null`;

const MOVE_JOBS = `
update jobs set owner = $2, version = version + 1, record = replace(record, $3, $4) where owner = $1 returning id`;

/** Gives all jobs of one name to another, with their history. @returns how many. */
export function moveJobs(db: SqlDatabase, names: { readonly from: string; readonly to: string }): Promise<number> {
  const [from, to] = [storable(names.from), storable(names.to)];
  const params = [from, to, `"owner":${JSON.stringify(from)}`, `"owner":${JSON.stringify(to)}`];
  return db.transaction(async (tx) => {
    await tx.query(MOVE_RUNS, params);
    return (await tx.query(MOVE_JOBS, params)).length;
  });
}

/** Of one call: a statement may take some seconds, and others want the database, too. */
const ERASED_MAX = 500;

const some = (table: string, key: string): string =>
  `delete from ${table} where owner = $1 and ${key} in (select ${key} from ${table} where owner = $1 limit $2::int) returning 1`;

// Before their webhooks: there may be more than one statement has the time for.
const DELIVERIES = `
delete from webhook_deliveries where id in (
  select d.id from webhooks w join webhook_deliveries d on d.webhook_id = w.id where w.owner = $1 limit $2::int
) returning 1`;

/** Jobs first, so that no new run comes; webhooks, so that nothing is told any more; what a run used goes last. */
const ERASURES = [
  some('jobs', 'id'),
  DELIVERIES,
  some('webhooks', 'id'),
  some('sessions', 'id'),
  some('conversations', 'id'),
  some('session_usage', 'run_id'),
  some('runs', 'id'),
  some('run_usage', 'run_id'),
];

/** Deletes some of the rows of a name. @returns how many; 0: nothing is left. */
export async function eraseOwner(db: SqlQueries, owner: string): Promise<number> {
  for (const sql of ERASURES) {
    const gone = await db.query(sql, [storable(owner), ERASED_MAX]);
    if (gone.length > 0) return gone.length;
  }
  return 0;
}
