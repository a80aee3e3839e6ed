import type { RunInput, RunSnapshot } from '#libs/contract';
import type { SqlQueries, SqlScalar } from '../ports.js';
import { countOf } from '../run-rows.js';
import { storable } from '../storable.js';
import { deletedAmong, retitleSessions } from './retitle-sessions.js';
import { titleOf } from './title-of.js';

/** The facts about a run that its session records. */
export interface SessionRun {
  readonly snapshot: RunSnapshot;
  /** Absent when the input is not kept; then no title is made from it. */
  readonly input?: RunInput;
  /** In the currency of the price table; absent: the model has no price. */
  readonly cost?: number;
}

// An existing title stays. The last run is the youngest, whichever is written first.
const UPSERT_SESSIONS = `
insert into sessions (owner, id, title, last_run_id, last_run_at, created_at, updated_at)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[])
on conflict (owner, id) do update set
  title = coalesce(sessions.title, excluded.title),
  last_run_id = case
    when sessions.last_run_id is null or (excluded.last_run_at, excluded.last_run_id) > (sessions.last_run_at, sessions.last_run_id)
    then excluded.last_run_id else sessions.last_run_id end,
  last_run_at = greatest(sessions.last_run_at, excluded.last_run_at),
  created_at = least(sessions.created_at, excluded.created_at),
  updated_at = greatest(sessions.updated_at, excluded.updated_at)`;

const UPSERT_USAGE = `
insert into session_usage (
  run_id, owner, session_id, created_at, last_seq,
  input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, cost_nanos
)
select * from unnest(
  $1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[],
  $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[]
)
on conflict (run_id) do update set
  last_seq = excluded.last_seq, input_tokens = excluded.input_tokens, cached_input_tokens = excluded.cached_input_tokens,
  output_tokens = excluded.output_tokens, reasoning_tokens = excluded.reasoning_tokens, cost_nanos = excluded.cost_nanos
where excluded.last_seq >= session_usage.last_seq`;

const OF_DELETED = 'deleted.owner = $1 and deleted.id = any($2::text[])';

/** Runs that were being written when their session was deleted. Their marks keep webhooks from being told of them. */
const PURGES = [
  `with gone as (
    delete from runs using deleted_sessions deleted where ${OF_DELETED}
      and runs.owner = deleted.owner and runs.session_id = deleted.id and runs.created_at <= deleted.up_to
    returning runs.id, deleted.deleted_at
  ), untold as (
    delete from webhook_deliveries where run_id in (select id from gone)
  )
  insert into deleted_runs (id, deleted_at) select id, deleted_at from gone on conflict do nothing`,
  `delete from session_usage usage using deleted_sessions deleted where ${OF_DELETED}
    and usage.owner = deleted.owner and usage.session_id = deleted.id and usage.created_at <= deleted.up_to`,
  `delete from sessions using deleted_sessions deleted where ${OF_DELETED}
    and sessions.owner = deleted.owner and sessions.id = deleted.id and sessions.last_run_at <= deleted.up_to`,
];

/**
 * Records runs in their sessions, after their own rows were written. Repeating and reordering do no harm. Runs without
 * a session are skipped. Runs of a session that was deleted since are removed from the store again. A run that was
 * deleted gives no title: marks are read before and after, because the mark of a deletion may come in between.
 */
export async function upsertSessions(db: SqlQueries, runs: readonly SessionRun[]): Promise<void> {
  const found = membersOf(runs);
  if (found.length === 0) return;
  const runIds = found.map(({ snapshot }) => storable(snapshot.runId));
  const deleted = await deletedAmong(db, runIds);
  const members = found.map((run) => (deleted.has(storable(run.snapshot.runId)) ? withoutWords(run) : run));
  const sessions = [...groupBy(members, ({ key }) => key)].sort(([a], [b]) => (a < b ? -1 : 1));
  await db.query(UPSERT_SESSIONS, columnsOf(sessions.map(([, group]) => sessionRow(group))));
  await db.query(UPSERT_USAGE, columnsOf(members.map(usageRow)));
  for (const [owner, group] of groupBy(members, (member) => member.owner)) {
    const ids = [...new Set(group.map(({ sessionId }) => sessionId))];
    const [found] = await db.query(`select 1 from deleted_sessions deleted where ${OF_DELETED} limit 1`, [owner, ids]);
    if (found) for (const purge of PURGES) await db.query(purge, [owner, ids]);
  }
  const since = [...(await deletedAmong(db, runIds))].filter((id) => !deleted.has(id));
  if (since.length > 0) await retitleSessions(db, since);
}

const withoutWords = ({ input: _, ...run }: Member): Member => run;

interface Member extends SessionRun {
  readonly key: string;
  readonly owner: string;
  readonly sessionId: string;
}

function groupBy(members: readonly Member[], keyOf: (member: Member) => string): Map<string, Member[]> {
  const groups = new Map<string, Member[]>();
  for (const member of members) {
    const group = groups.get(keyOf(member));
    if (group) group.push(member);
    else groups.set(keyOf(member), [member]);
  }
  return groups;
}

/** The newest state of each run, in the order of their ids: one statement cannot touch a row twice. */
function membersOf(runs: readonly SessionRun[]): Member[] {
  const byId = new Map<string, Member>();
  for (const run of runs) {
    const { owner, sessionId, runId, lastSeq } = run.snapshot;
    const known = byId.get(runId);
    if (sessionId === undefined || (known && known.snapshot.lastSeq > lastSeq)) continue;
    const name = { owner: storable(owner), sessionId: storable(sessionId) };
    byId.set(runId, { ...run, ...name, key: JSON.stringify([name.owner, name.sessionId]) });
  }
  return [...byId.values()].sort((a, b) => (a.snapshot.runId < b.snapshot.runId ? -1 : 1));
}

function sessionRow(group: readonly Member[]): readonly SqlScalar[] {
  const ordered = [...group].sort((a, b) => a.snapshot.createdAt - b.snapshot.createdAt);
  const [first, last] = [ordered[0] as Member, ordered.at(-1) as Member];
  return [
    first.owner,
    first.sessionId,
    firstTitle(ordered),
    last.snapshot.runId,
    last.snapshot.createdAt,
    first.snapshot.createdAt,
    Math.max(...ordered.map(({ snapshot }) => snapshot.updatedAt)),
  ];
}

function firstTitle(ordered: readonly Member[]): string | null {
  for (const { input } of ordered) {
    const title = titleOf(input);
    if (title !== null) return title;
  }
  return null;
}

const NANOS = 1e9;

function usageRow({ snapshot, owner, sessionId, cost }: Member): readonly SqlScalar[] {
  const { runId, createdAt, lastSeq, usage } = snapshot;
  const { inputTokens, cachedInputTokens, outputTokens, reasoningTokens } = usage;
  const counts = [inputTokens, cachedInputTokens, outputTokens, reasoningTokens].map(countOf);
  return [runId, owner, sessionId, createdAt, lastSeq, ...counts, cost === undefined ? null : countOf(cost * NANOS)];
}

const columnsOf = (rows: readonly (readonly SqlScalar[])[]): SqlScalar[][] =>
  (rows[0] ?? []).map((_, i) => rows.map((row) => row[i] ?? null));
