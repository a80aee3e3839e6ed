import type { SessionPage, SessionRecord } from '../../session.js';
import type { SessionRef } from '../session-turns.js';
import type { PortCalls } from './port-calls.js';
import { aFlag, anObject, aNumber, aText, aWhole, listOf, optional, orNull } from './shape.js';

/** Most sessions of one page of the store. */
const PAGE_SESSIONS_MAX = 200;

export interface StoredSessionsQuery {
  readonly owner: string;
  /** A part of the title; upper and lower case count as equal. */
  readonly search?: string;
  /** Without those whose id was derived from what was said. Absent: with them. */
  readonly namedOnly?: boolean;
  /** 1 to 200. */
  readonly limit: number;
  /** `next` of the previous page. */
  readonly after?: string;
}

export interface SessionFork extends SessionRef {
  readonly title: string | null;
  /** The run that the new session continues, and its time of creation (ms). */
  readonly from: { readonly sessionId: string; readonly runId: string; readonly runCreatedAt: number };
}

/** The rows of sessions. Every method rejects with GatewayError `unavailable` when the store cannot be asked. */
export interface StoredSessions {
  /** undefined: the store has no such session. */
  session(name: SessionRef): Promise<SessionRecord | undefined>;
  /** An owner's sessions, those with the youngest turns first. Rejects with `invalid_cursor`. */
  sessions(query: StoredSessionsQuery): Promise<SessionPage>;
  /** Does not change the order of the list. undefined: there is no such session. */
  renameSession(name: SessionRef, title: string): Promise<SessionRecord | undefined>;
  /** A new session whose next turn continues `from.runId`. Rejects with `session_exists`. */
  forkSession(fork: SessionFork): Promise<SessionRecord>;
  /**
   * Deletes the session, and its runs created up to `upTo` (ms) with everything in them. A run that another
   * conversation continues stays, and so do all runs before it.
   * @returns the ids of the deleted runs; none when there is no such session.
   */
  deleteSession(name: SessionRef, upTo: number): Promise<readonly string[]>;
}

const aName = { owner: aText, sessionId: aText };
const aRecord = anObject({ ...aName, lastRunAt: aNumber, totals: anObject() });

export const STORED_SESSIONS_CALLS: PortCalls<StoredSessions> = {
  session: { args: { name: anObject(aName) }, finds: aRecord },
  sessions: {
    args: {
      query: anObject({
        owner: aText,
        search: optional(aText),
        namedOnly: optional(aFlag),
        limit: aWhole(1, PAGE_SESSIONS_MAX),
        after: optional(aText),
      }),
    },
    gives: anObject({ sessions: listOf(aRecord), next: optional(aText) }),
  },
  renameSession: { args: { name: anObject(aName), title: aText }, finds: aRecord },
  forkSession: {
    args: {
      fork: anObject({
        ...aName,
        title: orNull(aText),
        from: anObject({ sessionId: aText, runId: aText, runCreatedAt: aNumber }),
      }),
    },
    gives: aRecord,
  },
  deleteSession: { args: { name: anObject(aName), upTo: aWhole(0, Number.MAX_SAFE_INTEGER) }, gives: listOf(aText) },
};
