/**
 * `away`: the database is not reachable, overloaded or stopping; the same statement may succeed later.
 * `data`: this statement's values cannot be stored, now or later. `other`: the statement or the schema is wrong.
 */
export type SqlFault = 'away' | 'data' | 'other';

/** SQLSTATE classes (PostgreSQL manual, appendix A), by their first two characters. */
const CLASSES: Readonly<Record<string, SqlFault>> = {
  '08': 'away', // connection
  '40': 'away', // deadlock, serialization
  '53': 'away', // disk, memory or connections exhausted
  '55': 'away', // lock not available
  '57': 'away', // statement timeout, shutdown
  '58': 'away', // input or output error
  '22': 'data', // data exception, such as an invalid byte sequence
  '54': 'data', // program limit exceeded, such as a row that is too large
};

/** The digit distinguishes it from Node's own codes: EPIPE also has five capitals. */
const SQLSTATE = /^(?=.*\d)[0-9A-Z]{5}$/;

/**
 * Classifies the rejection of a query. An error without an SQLSTATE never reached a database: refused, cut, timed out.
 * A programming error, such as a TypeError, is `other`.
 */
export function sqlFault(cause: unknown): SqlFault {
  if (cause instanceof TypeError || cause instanceof RangeError) return 'other';
  const code = (cause as { code?: unknown } | null)?.code;
  if (typeof code !== 'string' || !SQLSTATE.test(code)) return 'away';
  return CLASSES[code.slice(0, 2)] ?? 'other';
}
