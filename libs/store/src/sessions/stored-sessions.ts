import type { StoredSessions } from '#libs/contract';
import type { SqlDatabase } from '../ports.js';
import { deleteSession } from './delete-session.js';
import { forkSession, getSession, listSessions, renameSession } from './session-rows.js';

/** Sessions in Postgres or PGlite. @param now milliseconds since the epoch. */
export function sqlStoredSessions(db: SqlDatabase, now: () => number): StoredSessions {
  return {
    session: (name) => getSession(db, name),
    sessions: (query) => listSessions(db, query),
    renameSession: (name, title) => renameSession(db, name, title),
    forkSession: (fork) => forkSession(db, { ...fork, at: now() }),
    deleteSession: (name, upTo) => deleteSession(db, name, { upTo, now: now() }),
  };
}
