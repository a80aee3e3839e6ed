import type { RunInput, RunSnapshot } from '#libs/contract';
import { NOT_DELETED } from '../deleted-runs.js';
import type { SqlQueries } from '../ports.js';
import { upsertTexts } from './text-rows.js';

// A store of an earlier version writes the row of a run alone; what it cost is noted for sessions.
const USAGE = `
insert into run_usage
select runs.id, runs.owner, runs.model, runs.created_at, runs.last_seq, runs.input_tokens,
  coalesce(session_usage.cached_input_tokens, 0), runs.output_tokens, coalesce(session_usage.reasoning_tokens, 0),
  session_usage.cost_nanos
from runs left join run_usage on run_usage.run_id = runs.id left join session_usage on session_usage.run_id = runs.id
where runs.created_at >= $1::bigint and runs.ended_at is not null
  and (run_usage.run_id is null or run_usage.last_seq < runs.last_seq)
order by runs.id limit $2::int
on conflict (run_id) do update set
  last_seq = excluded.last_seq, input_tokens = excluded.input_tokens, cached_input_tokens = excluded.cached_input_tokens,
  output_tokens = excluded.output_tokens, reasoning_tokens = excluded.reasoning_tokens, cost_nanos = excluded.cost_nanos
where excluded.last_seq > run_usage.last_seq
returning 1`;

/** Notes what recent runs used that have ended and of which another store has noted less. @returns how many. */
export async function noteMissingUsage(db: SqlQueries, since: number, limit: number): Promise<number> {
  return (await db.query(USAGE, [since, limit])).length;
}

/** A row has up to 16 MB of answers. */
const TEXTS_MAX = 5;

// Inside of a JSON text quotes are escaped, so this is the field and nothing that somebody wrote.
const UNSEARCHED = `
select runs.id, runs.owner, runs.snapshot, runs.input from runs
where runs.created_at >= $1::bigint and runs.id > $2 and runs.ended_at is not null and runs.session_id is not null
  and runs.input is not null and strpos(runs.snapshot, '"contentKept":false') = 0
  and ${NOT_DELETED}
  and not exists (select 1 from run_texts where run_texts.run_id = runs.id)
order by runs.id limit ${TEXTS_MAX}`;

/**
 * Notes what was said in some recent runs of sessions that have ended and are not in the search.
 * @param after the last run of the call before; '' at first.
 * @returns the last run that was looked at; undefined: no more.
 */
export async function noteMissingTexts(db: SqlQueries, since: number, after: string): Promise<string | undefined> {
  const rows = await db.query<{ id: string; owner: string; snapshot: string; input: string }>(UNSEARCHED, [
    since,
    after,
  ]);
  const runs = rows.map(({ owner, snapshot, input }) => ({
    snapshot: { ...(JSON.parse(snapshot) as RunSnapshot), owner },
    input: JSON.parse(input) as RunInput,
  }));
  await upsertTexts(db, runs);
  return rows.at(-1)?.id;
}
