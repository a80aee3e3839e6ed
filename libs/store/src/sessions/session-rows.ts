import {
  DERIVED_SESSION_ID,
  GatewayError,
  type SessionFork,
  type StoredSessionsQuery,
  type SessionRef,
  type SessionPage,
  type SessionRecord,
} from '#libs/contract';
import { NOT_DELETED } from '../deleted-runs.js';
import type { SqlQueries, SqlValue } from '../ports.js';
import { storable } from '../storable.js';
import { parseSessionCursor, sessionCursorText } from './session-cursor.js';

export interface ForkOrder extends SessionFork {
  /** Milliseconds since the epoch. */
  readonly at: number;
}

const RECORDS = `
select page.owner, page.id, page.title, page.last_run_id, page.last_run_at::float8 as last_run_at,
  page.created_at::float8 as created_at, page.updated_at::float8 as updated_at,
  page.forked_session_id, page.forked_run_id, totals.*,
  exists (select 1 from deleted_runs where deleted_runs.id = page.last_run_id) as last_is_deleted,
  case when exists (select 1 from deleted_runs where deleted_runs.id = page.last_run_id) then (
    select runs.id from runs where runs.owner = page.owner and runs.session_id = page.id and ${NOT_DELETED}
    order by runs.created_at desc, runs.id desc limit 1
  ) end as shown_run_id
from page left join lateral (
  select count(*)::int as runs, coalesce(sum(input_tokens), 0)::float8 as input_tokens,
    coalesce(sum(cached_input_tokens), 0)::float8 as cached_input_tokens,
    coalesce(sum(output_tokens), 0)::float8 as output_tokens,
    coalesce(sum(reasoning_tokens), 0)::float8 as reasoning_tokens, sum(cost_nanos)::float8 as cost_nanos
  from session_usage usage where usage.owner = page.owner and usage.session_id = page.id
) totals on true
order by page.updated_at desc, page.id desc`;

const GET = `with page as (select * from sessions where owner = $1 and id = $2) ${RECORDS}`;

const LIST = `
with page as (
  select * from sessions
  where owner = $1 and ($2::text is null or title ilike $2)
    and ($3::bigint is null or (updated_at, id) < ($3::bigint, $4::text))
    and (not $6::boolean or id !~ '${DERIVED_SESSION_ID}')
  order by updated_at desc, id desc limit $5::int
) ${RECORDS}`;

const FORK = `
insert into sessions (
  owner, id, title, last_run_id, last_run_at, created_at, updated_at, forked_session_id, forked_run_id
) values ($1, $2, $3, $4, $5, $6, $6, $7, $4) on conflict do nothing returning id`;

export async function getSession(db: SqlQueries, { owner, sessionId }: SessionRef): Promise<SessionRecord | undefined> {
  return (await readRecords(db, GET, [storable(owner), storable(sessionId)]))[0];
}

/** An owner's sessions, the last changed first. Throws GatewayError `invalid_cursor`. */
export async function listSessions(db: SqlQueries, filter: StoredSessionsQuery): Promise<SessionPage> {
  const { owner, search, limit, namedOnly = false } = filter;
  const after = filter.after === undefined ? undefined : parseSessionCursor(filter.after);
  const pattern = search === undefined ? null : `%${storable(search).replace(/[\\%_]/g, '\\$&')}%`;
  const place = [after?.updatedAt ?? null, after?.sessionId ?? null];
  // One extra row shows whether there is a next page.
  const found = await readRecords(db, LIST, [storable(owner), pattern, ...place, limit + 1, namedOnly]);
  const sessions = found.slice(0, limit);
  const last = sessions.at(-1);
  return { sessions, ...(last && found.length > limit && { next: sessionCursorText(last) }) };
}

/** undefined when there is no such session. Does not change the order of the list. */
export async function renameSession(
  db: SqlQueries,
  key: SessionRef,
  title: string,
): Promise<SessionRecord | undefined> {
  const params = [storable(key.owner), storable(key.sessionId), storable(title)];
  await db.query('update sessions set title = $3 where owner = $1 and id = $2', params);
  return getSession(db, key);
}

/** A new session whose next turn continues an older run. Throws GatewayError `session_exists`. */
export async function forkSession(db: SqlQueries, order: ForkOrder): Promise<SessionRecord> {
  const { owner, sessionId, title, from, at } = order;
  const name = [storable(owner), storable(sessionId), title === null ? null : storable(title)];
  const [made] = await db.query(FORK, [...name, from.runId, from.runCreatedAt, at, storable(from.sessionId)]);
  const record = made === undefined ? undefined : await getSession(db, order);
  if (record) return record;
  throw new GatewayError('session_exists', 'There is a session with this id.', { param: 'session_id' });
}

interface Row {
  readonly owner: string;
  readonly id: string;
  readonly title: string | null;
  readonly last_run_id: string | null;
  readonly last_is_deleted: boolean;
  readonly shown_run_id: string | null;
  readonly last_run_at: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly forked_session_id: string | null;
  readonly forked_run_id: string | null;
  readonly runs: number;
  readonly input_tokens: number;
  readonly cached_input_tokens: number;
  readonly output_tokens: number;
  readonly reasoning_tokens: number;
  readonly cost_nanos: number | null;
}

async function readRecords(db: SqlQueries, sql: string, params: readonly SqlValue[]): Promise<SessionRecord[]> {
  return (await db.query<Row>(sql, params)).map(toRecord);
}

const NANOS = 1e9;

function toRecord(row: Row): SessionRecord {
  const { forked_session_id: forkedSession, forked_run_id: forkedRun } = row;
  return {
    owner: row.owner,
    sessionId: row.id,
    title: row.title,
    ...(row.last_run_id !== null && { lastRunId: row.last_run_id }),
    ...(row.last_is_deleted && { shownRunId: row.shown_run_id }),
    lastRunAt: row.last_run_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    ...(forkedSession !== null && forkedRun !== null && { forkedFrom: { sessionId: forkedSession, runId: forkedRun } }),
    totals: {
      runs: row.runs,
      inputTokens: row.input_tokens,
      cachedInputTokens: row.cached_input_tokens,
      outputTokens: row.output_tokens,
      reasoningTokens: row.reasoning_tokens,
      cost: row.cost_nanos === null ? null : row.cost_nanos / NANOS,
    },
  };
}
