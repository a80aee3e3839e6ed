import { parseRecord, readableLine } from './readable-line.js';

/** Lines that say what the launcher says by itself, or what only matters when something is wrong. */
const ROUTINE = [/ is listening$/, / is draining$/, / has stopped$/, /^the database is open/];
const READS = new Set(['GET', 'HEAD', 'OPTIONS']);
const INFO = 30;
/** What redis-server prints before it reads that it has a log file. */
const REDIS_GREETING = /^\d+:C .* # Reading config from stdin$/;

/**
 * A service's line for a person in front of a terminal: one short line for each request that changed something or
 * failed, one for a run that did not just complete, and nothing of the routine of starts and stops. All other lines are
 * as `readableLine` gives them. Undefined: not shown; LOG_LEVEL=debug shows all lines at length.
 */
export function shortLine(line: string): string | undefined {
  if (REDIS_GREETING.test(line)) return undefined;
  const record = line.startsWith('{"level":') ? parseRecord(line) : undefined;
  if (!record || record['level'] !== INFO) return readableLine(line);
  const message = String(record['msg'] ?? '');
  if (message === 'request') return requestLine(record);
  if (message === 'run') return runLine(record);
  return ROUTINE.some((pattern) => pattern.test(message)) ? undefined : readableLine(line);
}

type LogRecord = Readonly<Record<string, unknown>>;

function requestLine(record: LogRecord): string | undefined {
  const { method, route, status, ms, whole, remote } = record;
  const isFine = Number(status) < 400;
  if (READS.has(String(method)) && isFine) return undefined;
  const left = whole === false ? 'the client left' : '';
  const from = typeof remote === 'string' ? `from ${remote}` : '';
  return words(clock(record), method, route, status, seconds(Number(ms)), left, from, run(record), owner(record));
}

/** Completed ones have the line of their request; those of jobs and of chats have that of whoever started them. */
function runLine(record: LogRecord): string | undefined {
  const { outcome, code, attempt } = record;
  if (outcome === 'completed') return undefined;
  const what = outcome === 'parked' ? 'waits for an approval' : outcome;
  const again = Number(attempt) > 1 ? `(attempt ${Number(attempt)})` : '';
  return words(
    clock(record),
    run(record),
    what,
    code,
    seconds(1_000 * Number(record['seconds'])),
    again,
    owner(record),
  );
}

const clock = ({ time }: LogRecord): string => new Date(Number(time)).toTimeString().slice(0, 8);
const seconds = (ms: number): string => (ms < 100 ? `${Math.round(ms)}ms` : `${(ms / 1_000).toFixed(1)}s`);
/** The beginning of its id, which `npm run talaria -- runs show` takes as well. */
const run = ({ runId }: LogRecord): string => (typeof runId === 'string' ? `${runId.slice(0, 12)}..` : '');
const owner = ({ keyName }: LogRecord): string => (typeof keyName === 'string' ? `(${keyName})` : '');

/** Names of keys and routes are ours or an operator's, and yet no control character gets through. */
const words = (...parts: readonly unknown[]): string =>
  parts
    .filter((part) => part !== undefined && part !== '')
    .map(String)
    .join(' ')
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
