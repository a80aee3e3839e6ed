import type { RunSnapshot, UsageQuery, UsageRow } from '#libs/contract';
import type { SqlQueries, SqlScalar } from '../ports.js';
import { countOf } from '../run-rows.js';
import { storable } from '../storable.js';

const NANOS = 1e9;
const DAY_MS = 86_400_000;

const UPSERT = `
insert into run_usage (
  run_id, owner, model, created_at, last_seq,
  input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, cost_nanos
)
select * from unnest(
  $1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[],
  $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[]
)
on conflict (run_id) do update set
  last_seq = excluded.last_seq, input_tokens = excluded.input_tokens, cached_input_tokens = excluded.cached_input_tokens,
  output_tokens = excluded.output_tokens, reasoning_tokens = excluded.reasoning_tokens, cost_nanos = excluded.cost_nanos
where excluded.last_seq >= run_usage.last_seq`;

/** A run, and what it cost in the currency of the price table; absent: its model has no price. */
export interface PricedRun {
  readonly snapshot: RunSnapshot;
  readonly cost?: number;
}

/** Notes what runs used. Repeating and reordering do no harm. */
export async function upsertUsage(db: SqlQueries, runs: readonly PricedRun[]): Promise<void> {
  const byId = new Map<string, PricedRun>();
  for (const run of runs) {
    const { runId, lastSeq } = run.snapshot;
    if ((byId.get(runId)?.snapshot.lastSeq ?? -1) <= lastSeq) byId.set(runId, run);
  }
  // One order for all writers, or two of them could wait for each other.
  const rows = [...byId.values()].map(rowOf).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  const [first] = rows;
  if (first)
    await db.query(
      UPSERT,
      first.map((_, i) => rows.map((row) => row[i] ?? null)),
    );
}

function rowOf({ snapshot, cost }: PricedRun): readonly SqlScalar[] {
  const { runId, owner, model, createdAt, lastSeq, usage } = snapshot;
  const { inputTokens, cachedInputTokens, outputTokens, reasoningTokens } = usage;
  const counts = [inputTokens, cachedInputTokens, outputTokens, reasoningTokens].map(countOf);
  const nanos = cost === undefined ? null : countOf(cost * NANOS);
  return [storable(runId), storable(owner), storable(model), createdAt, lastSeq, ...counts, nanos];
}

const REPORT = `
with days as (
  select created_at / ${DAY_MS} as day, owner, model, count(*)::int as runs,
    sum(input_tokens)::float8 as input_tokens, sum(cached_input_tokens)::float8 as cached_input_tokens,
    sum(output_tokens)::float8 as output_tokens, sum(reasoning_tokens)::float8 as reasoning_tokens,
    sum(cost_nanos)::float8 as cost_nanos
  from run_usage
  where created_at >= $1::bigint * ${DAY_MS} and created_at < ($2::bigint + 1) * ${DAY_MS}
    and ($3::text is null or owner = $3)
  group by 1, 2, 3
)
select day::int as day, owner, model, runs, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, cost_nanos
from days where $4::bigint is null or (day, owner, model) > ($4::bigint, $5::text, $6::text)
order by days.day, owner, model limit $7::int`;

interface Row {
  readonly day: number;
  readonly owner: string;
  readonly model: string;
  readonly runs: number;
  readonly input_tokens: number;
  readonly cached_input_tokens: number;
  readonly output_tokens: number;
  readonly reasoning_tokens: number;
  readonly cost_nanos: number | null;
}

/** What keys used of models, day by day. */
export async function readUsage(db: SqlQueries, query: UsageQuery): Promise<UsageRow[]> {
  const { owner, fromDay, toDay, limit, after } = query;
  const place = [after?.day ?? null, after?.owner ?? null, after?.model ?? null];
  const whose = owner === undefined ? null : storable(owner);
  const rows = await db.query<Row>(REPORT, [fromDay, toDay, whose, ...place, limit]);
  return rows.map((row) => ({
    day: row.day,
    owner: row.owner,
    model: row.model,
    runs: row.runs,
    inputTokens: row.input_tokens,
    cachedInputTokens: row.cached_input_tokens,
    outputTokens: row.output_tokens,
    reasoningTokens: row.reasoning_tokens,
    cost: row.cost_nanos === null ? null : row.cost_nanos / NANOS,
  }));
}

/** Retention: forgets at most `limit` rows of runs created before `ms`. @returns how many. */
export async function deleteRunUsageBefore(db: SqlQueries, ms: number, limit: number): Promise<number> {
  const rows = await db.query(
    `delete from run_usage where run_id in (
       select run_id from run_usage where created_at < $1::bigint order by created_at limit $2::int
     ) returning run_id`,
    [ms, limit],
  );
  return rows.length;
}
