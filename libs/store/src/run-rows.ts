import {
  hasEnded,
  turnOf,
  type RunInput,
  type StoredRunsQuery,
  type StoredRunsPage,
  type RunSnapshot,
  type Turn,
} from '#libs/contract';
import { NOT_DELETED } from './deleted-runs.js';
import type { SqlQueries, SqlScalar } from './ports.js';
import { cursorText, parseCursor } from './run-cursor.js';
import { storable } from './storable.js';

/** Most characters of snapshots (as JSON) in one statement: 100 runs of 16 MB would be a 3 GB statement. */
const UPSERT_CHARS_MAX = 8_000_000;
/** Most bytes of one conversation that are read together. */
const TURNS_BYTES_MAX = 48_000_000;
/** Most bytes of snapshots in one page. A page holds at least one run of any size. */
const PAGE_BYTES_MAX = 16_000_000;

// The owner of a row stays: an operator may have given it to another name.
const UPSERT = `
insert into runs (
  id, owner, protocol, model, status, created_at, ended_at, last_seq, input_tokens, output_tokens, snapshot,
  parent_id, session_id, job_id, input
)
select * from unnest(
  $1::text[], $2::text[], $3::text[], $4::text[], $5::text[],
  $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[],
  $12::text[], $13::text[], $14::text[], $15::text[]
)
on conflict (id) do update set
  protocol = excluded.protocol, model = excluded.model, status = excluded.status,
  created_at = excluded.created_at, ended_at = excluded.ended_at, last_seq = excluded.last_seq,
  input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens, snapshot = excluded.snapshot,
  parent_id = excluded.parent_id, session_id = excluded.session_id, job_id = excluded.job_id,
  input = coalesce(excluded.input, runs.input)
where excluded.last_seq >= runs.last_seq`;

/**
 * Writes snapshots, many to a statement. A newer row (by lastSeq) stays unchanged, so repeating and reordering do no
 * harm. Large batches are several statements; when one fails, the earlier ones are written.
 * @param inputs by run id; a run without one keeps the input in its row.
 */
export async function upsertRuns(
  db: SqlQueries,
  snapshots: readonly RunSnapshot[],
  inputs: ReadonlyMap<string, RunInput> = new Map(),
): Promise<void> {
  const newest = newestOfEach(snapshots);
  for (const rows of statementsOf(newest.map((run) => toRow(run, inputs.get(run.runId))))) {
    const columns = rows[0]?.map((_, i) => rows.map((row) => row[i] ?? null)) ?? [];
    await db.query(UPSERT, columns);
  }
}

/** The run in its last written state. undefined also when it was deleted. */
export async function getRun(db: SqlQueries, runId: string): Promise<RunSnapshot | undefined> {
  const sql = `select owner, snapshot, input is not null as has_input from runs where id = $1 and ${NOT_DELETED}`;
  const [row] = await db.query<SnapshotRow & { has_input: boolean }>(sql, [storable(runId)]);
  return row && parseSnapshot(row, row.has_input);
}

// The newest turns of the chain, up to a number and a size. A missing turn ends the chain.
const TURNS = `
with recursive chain as (
  select id, parent_id, owner, 1 as place, octet_length(snapshot)::bigint + coalesce(octet_length(input), 0) as bytes
  from runs where id = $1
  union all
  select runs.id, runs.parent_id, runs.owner, place + 1,
    bytes + octet_length(runs.snapshot) + coalesce(octet_length(runs.input), 0)
  from chain join runs on runs.id = chain.parent_id and runs.owner = chain.owner
  where place < $2::int and bytes < $3::bigint
)
select runs.owner, snapshot, input, not ${NOT_DELETED} as is_deleted from chain join runs using (id) order by place desc`;

/**
 * The conversation that ends with this run, oldest turn first: one query, at most `limit` turns. Empty when the store
 * does not have the run. Begins later than the conversation did when the store lacks an older turn.
 */
export async function getTurns(db: SqlQueries, runId: string, limit: number): Promise<readonly Turn[]> {
  const rows = await db.query<SnapshotRow & { input: string | null; is_deleted: boolean }>(TURNS, [
    storable(runId),
    limit,
    TURNS_BYTES_MAX,
  ]);
  return rows.map((row) => turnOf(parseSnapshot(row, row.input !== null), parseInput(row.input), row.is_deleted));
}

// One extra row shows whether there is a next page. Sizes are read before snapshots, so that only returned snapshots
// are read.
const listOf = (status: string): string => `
with candidates as (
  select id, created_at, octet_length(snapshot) as bytes from runs
  where owner = $1 and ${status}
    and ($7::text is null or session_id = $7) and ($8::text is null or job_id = $8)
    and ($3::bigint is null or (created_at, id) < ($3::bigint, $4::text))
    and ${NOT_DELETED}
  order by created_at desc, id desc limit $5::int + 1
), page as (
  select id, count(*) over () as found, row_number() over w as place, sum(bytes) over w as bytes_so_far
  from candidates window w as (order by created_at desc, id desc)
)
select runs.owner, runs.snapshot, runs.input is not null as has_input, page.found > row_number() over (order by place) as has_more
from page join runs using (id)
where place = 1 or (place <= $5::int and bytes_so_far <= $6::int)
order by place`;

const LIST = listOf('($2::text is null or status = $2)');
/** Says what the index of rare states covers, which a parameter alone does not say. */
const LIST_OF_RARE = listOf(`status = $2::text and status <> 'completed'`);

/** An owner's runs, newest first. Throws GatewayError `invalid_cursor`. */
export async function listRuns(db: SqlQueries, filter: StoredRunsQuery): Promise<StoredRunsPage> {
  const { owner, status = null, limit } = filter;
  const after = filter.after === undefined ? undefined : parseCursor(filter.after);
  const place = [after?.createdAt ?? null, after?.runId ?? null];
  const isRare = status !== null && status !== 'completed';
  const rows = await db.query<SnapshotRow & { has_input: boolean; has_more: boolean }>(isRare ? LIST_OF_RARE : LIST, [
    storable(owner),
    status,
    ...place,
    limit,
    PAGE_BYTES_MAX,
    filter.sessionId === undefined ? null : storable(filter.sessionId),
    filter.jobId === undefined ? null : storable(filter.jobId),
  ]);
  const runs = rows.map((row) => parseSnapshot(row, row.has_input));
  const last = runs.at(-1);
  return { runs, ...(last && rows.at(-1)?.has_more && { next: cursorText(last) }) };
}

const DELETE = `
with gone as (
  delete from runs where id in (select id from runs where created_at < $1::bigint order by created_at limit $2::int)
  returning 1
)
select count(*)::int as count from gone`;

/**
 * Retention by age: deletes the oldest runs that were created before `ms`, at most `limit` of them. A run that
 * continues one of them then has a conversation that begins later.
 * @returns how many; fewer than `limit` means that none is left.
 */
export async function deleteRunsBefore(db: SqlQueries, ms: number, limit: number): Promise<number> {
  const [row] = await db.query<{ count: number }>(DELETE, [ms, limit]);
  return row?.count ?? 0;
}

/** One statement cannot touch a row twice, and two that touch the same rows in different orders can deadlock. */
function newestOfEach(snapshots: readonly RunSnapshot[]): RunSnapshot[] {
  const byId = new Map<string, RunSnapshot>();
  for (const snapshot of snapshots) {
    const other = byId.get(snapshot.runId);
    if (!other || other.lastSeq <= snapshot.lastSeq) byId.set(snapshot.runId, snapshot);
  }
  return [...byId.values()].sort((a, b) => (a.runId < b.runId ? -1 : 1));
}

const TEXT_COLUMNS = [10, 14];

function toRow(run: RunSnapshot, input: RunInput | undefined): readonly SqlScalar[] {
  return [
    storable(run.runId),
    storable(run.owner),
    storable(run.protocol),
    storable(run.model),
    run.status,
    run.createdAt,
    run.endedAt ?? null,
    run.lastSeq,
    countOf(run.usage.inputTokens),
    countOf(run.usage.outputTokens),
    JSON.stringify(run),
    idOrNull(run.parentId),
    idOrNull(run.sessionId),
    idOrNull(run.jobId),
    input ? JSON.stringify(input) : null,
  ];
}

function statementsOf(rows: readonly (readonly SqlScalar[])[]): (readonly SqlScalar[])[][] {
  const statements: (readonly SqlScalar[])[][] = [];
  let chars = Infinity;
  for (const row of rows) {
    const size = TEXT_COLUMNS.reduce((sum, column) => sum + String(row[column]).length, 0);
    chars += size;
    if (chars > UPSERT_CHARS_MAX) {
      statements.push([]);
      chars = size;
    }
    statements.at(-1)?.push(row);
  }
  return statements;
}

/** Upstreams count the tokens, and may send anything that JSON accepts as a number. */
export function countOf(tokens: number): number {
  return Number.isFinite(tokens) ? Math.min(Math.max(Math.round(tokens), 0), Number.MAX_SAFE_INTEGER) : 0;
}

const idOrNull = (id: string | undefined): string | null => (id === undefined ? null : storable(id));

const parseInput = (text: string | null): RunInput | undefined =>
  text === null ? undefined : (JSON.parse(text) as RunInput);

interface SnapshotRow {
  readonly owner: string;
  readonly snapshot: string;
}

/**
 * The owner is that of the row: an operator may have given the rows of one name to another.
 *
 * Rows of earlier versions do not say that the content of their run was not kept. They have neither input nor output
 * nor echo. A run whose content was kept has at least its input.
 */
function parseSnapshot({ snapshot: text, owner }: SnapshotRow, hasInput: boolean): RunSnapshot {
  const parsed = JSON.parse(text) as RunSnapshot;
  // `storable` may have changed the name in the column.
  const snapshot = storable(parsed.owner) === owner ? parsed : { ...parsed, owner };
  const isBare = !hasInput && snapshot.items.length === 0 && Object.keys(snapshot.echo).length === 0;
  return isBare && hasEnded(snapshot) ? { ...snapshot, contentKept: false } : snapshot;
}
