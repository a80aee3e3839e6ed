import { forkTitle, type RunInput } from '#libs/contract';
import { NOT_DELETED } from '../deleted-runs.js';
import type { SqlQueries } from '../ports.js';
import { titleOf } from './title-of.js';

const DELETED = `
select runs.owner, runs.session_id, runs.input from deleted_runs join runs using (id)
where id = any($1::text[]) and runs.session_id is not null and runs.input is not null`;

// A fork takes over the title of its session, and a fork of that one does so, too.
const TITLED = `
with recursive family as (
  select id from sessions where owner = $1 and id = $2
  union
  select sessions.id from family join sessions on sessions.owner = $1 and sessions.forked_session_id = family.id
)
select id, title from family join sessions using (id) where owner = $1 and title in ($3, $4)`;

/** Runs of a session that are read for a title: the first ones may have no words. */
const READ_MAX = 5;

const FIRST = `
select input from runs
where owner = $1 and session_id = $2 and input is not null and ${NOT_DELETED}
order by created_at, id limit ${READ_MAX}`;

/** Which of these runs their owner has deleted. */
export async function deletedAmong(db: SqlQueries, runIds: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await db.query<{ id: string }>('select id from deleted_runs where id = any($1::text[])', [runIds]);
  return new Set(rows.map(({ id }) => id));
}

/**
 * Sessions whose titles are the words of these runs, which were deleted, get one from the first run that is left, or
 * none. A title that somebody gave stays, unless it is word for word the one that the run gave.
 */
export async function retitleSessions(db: SqlQueries, runIds: readonly string[]): Promise<void> {
  const deleted = await db.query<{ owner: string; session_id: string; input: string }>(DELETED, [runIds]);
  for (const { owner, session_id: sessionId, input } of deleted) {
    const title = titleIn(input);
    if (title === null) continue;
    const titled = await db.query<{ id: string; title: string }>(TITLED, [owner, sessionId, title, forkTitle(title)]);
    for (const { id, title: old } of titled) {
      const left = await db.query<{ input: string }>(FIRST, [owner, id]);
      const other = left.map((run) => titleIn(run.input)).find((words) => words !== null) ?? null;
      const change = [owner, id, old, other];
      await db.query('update sessions set title = $4 where owner = $1 and id = $2 and title = $3', change);
    }
  }
}

/** Without NUL and lone surrogates, so it is what its column has. */
const titleIn = (input: string): string | null => titleOf(JSON.parse(input) as RunInput);
