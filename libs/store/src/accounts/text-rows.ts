import { LIMITS, outputText, type FoundText, type RunInput, type RunSnapshot, type SearchQuery } from '#libs/contract';
import { NOT_DELETED } from '../deleted-runs.js';
import type { SqlDatabase, SqlQueries } from '../ports.js';
import { storable } from '../storable.js';

/** A run that belongs to a session and what was asked in it; without `input` nothing of it is kept. */
export interface SaidRun {
  readonly snapshot: RunSnapshot;
  readonly input?: RunInput;
}

// A run that was deleted meanwhile has no row to belong to.
const UPSERT = `
insert into run_texts (run_id, owner, body)
select said.run_id, said.owner, said.body from unnest($1::text[], $2::text[], $3::text[]) as said (run_id, owner, body)
join runs on runs.id = said.run_id
on conflict (run_id) do update set body = excluded.body, words = null
where run_texts.body <> excluded.body`;

/**
 * Notes what was said in runs of sessions, after their own rows were written. It is found from now on, also before
 * `indexTexts`. Repeating does no harm.
 */
export async function upsertTexts(db: SqlQueries, runs: readonly SaidRun[]): Promise<void> {
  const bodies = new Map<string, readonly [owner: string, body: string]>();
  for (const { snapshot, input } of runs) {
    if (!input || snapshot.sessionId === undefined || snapshot.contentKept === false) continue;
    const body = `${askedIn(input)}\n\n${outputText(snapshot)}`.slice(0, LIMITS.searchedCharsMax);
    bodies.set(storable(snapshot.runId), [storable(snapshot.owner), storable(body)]);
  }
  if (bodies.size === 0) return;
  const rows = [...bodies].sort(([a], [b]) => (a < b ? -1 : 1));
  const columns = [rows.map(([id]) => id), rows.map(([, [owner]]) => owner), rows.map(([, [, body]]) => body)];
  await db.query(UPSERT, columns);
}

function askedIn({ messages }: RunInput): string {
  const asked = messages.flatMap((message) => (message.role === 'user' ? [message.content] : []));
  const texts = asked.map((content) =>
    typeof content === 'string' ? content : content.map((part) => (part.type === 'text' ? part.text : '')).join(' '),
  );
  return texts.join('\n\n');
}

const INDEX = `
with missing as (select run_id from run_texts where words is null limit $1::int for update skip locked)
update run_texts set words = to_tsvector('simple', run_texts.body) from missing
where run_texts.run_id = missing.run_id returning 1`;

/**
 * Puts at most `limit` texts into the index that are not in it. They are found before that, too, but each search has to
 * read them. Several stores may do it at the same time. @returns how many.
 */
export async function indexTexts(db: SqlQueries, limit: number): Promise<number> {
  return (await db.query(INDEX, [limit])).length;
}

const SNIPPET = 'StartSel=**, StopSel=**, MaxFragments=2, MaxWords=24, MinWords=8, FragmentDelimiter=" ... "';
/** Of a text, for its snippet: the words of longer ones are found, and shown from the beginning. */
const SNIPPET_CHARS_MAX = 20_000;

/** A search that reads more than this time allows is given up, and answered like a database that is away. */
const SEARCH_MS_MAX = 2_000;

/** As in the index of migration 10: the words of a text, and whose it is. */
const OWNED_WORDS = `(run_texts.words || array_to_tsvector(array['owner ' || md5(run_texts.owner)]))`;

// A text without a word asks for nothing, and finds nothing.
const SEARCH = `
with asked as (
  select query, query && ('''owner ' || md5($1) || '''')::tsquery as owned
  from websearch_to_tsquery('simple', $2) as query where numnode(query) > 0
),
said as (
  select run_id, body from asked, run_texts where ${OWNED_WORDS} @@ asked.owned and owner = $1
  union all
  select run_id, body from asked, run_texts
  where words is null and owner = $1 and to_tsvector('simple', body) @@ asked.query
),
found as (
  select runs.id, runs.session_id, runs.created_at, said.body
  from said join runs on runs.id = said.run_id
  where runs.session_id is not null and ${NOT_DELETED}
    and ($3::bigint is null or (runs.created_at, runs.id) < ($3::bigint, $4::text))
  order by runs.created_at desc, runs.id desc limit $5::int
)
select found.id, found.session_id, found.created_at::float8 as created_at, sessions.title,
  ts_headline('simple', left(found.body, ${SNIPPET_CHARS_MAX}), asked.query, '${SNIPPET}') as snippet
from asked, found left join sessions on sessions.owner = $1 and sessions.id = found.session_id
order by found.created_at desc, found.id desc`;

interface Row {
  readonly id: string;
  readonly session_id: string;
  readonly created_at: number;
  readonly title: string | null;
  readonly snippet: string;
}

/** Runs of sessions of an owner in which words were said, the newest first. */
export async function searchTexts(db: SqlDatabase, { owner, text, limit, after }: SearchQuery): Promise<FoundText[]> {
  const place = [after?.createdAt ?? null, after?.runId ?? null];
  const params = [storable(owner), storable(text), ...place, limit];
  const rows = await db.transaction((tx) => tx.query<Row>(SEARCH, params), { statementMs: SEARCH_MS_MAX });
  return rows.map((row) => ({
    runId: row.id,
    sessionId: row.session_id,
    title: row.title,
    createdAt: row.created_at,
    snippet: row.snippet,
  }));
}
