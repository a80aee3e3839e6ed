const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};

/** Facts that a reader of a terminal knows or does not need. */
const UNSHOWN = new Set(['level', 'time', 'service', 'pid', 'msg', 'err']);

/**
 * A service's log line (one JSON object, as pino writes it) for eyes: time, level, message, facts, and the stack of an
 * error. Any other line is given back as it is.
 */
export function readableLine(line: string): string {
  if (!line.startsWith('{"level":')) return line;
  const record = parseRecord(line);
  if (!record) return line;
  const facts = Object.entries(record).filter(([name]) => !UNSHOWN.has(name));
  const words = facts.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const time = new Date(Number(record['time'])).toTimeString().slice(0, 8);
  const level = LEVELS[Number(record['level'])] ?? 'info';
  const head = [time, level, record['msg'], ...words].filter((part) => part !== undefined && part !== '').join(' ');
  const error = record['err'] as { type?: string; message?: string; stack?: string } | undefined;
  if (!error) return printable(head);
  const frames = error.stack === undefined ? '' : `\n${error.stack.split('\n').map(printable).join('\n')}`;
  return `${printable(head)}\n${printable(`${error.type ?? 'Error'}: ${error.message ?? ''}`)}${frames}`;
}

/** A terminal obeys control characters: none of them gets there from a log record. */
const printable = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');

/** The fields of a log line; undefined when it is none, or was cut by the length limit. */
export function parseRecord(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
