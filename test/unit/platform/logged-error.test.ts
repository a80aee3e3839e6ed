import { createLogger, type Logger } from '#libs/platform';
import { pino } from 'pino';
import { cleanLine, loggedError } from '../../../libs/platform/src/logged-error.js';
import { readableLine } from '../../../apps/launcher/src/console/readable-line.js';

const SAID = 'what-the-user-said';
const text = (cause: unknown): string => JSON.stringify(loggedError(cause));

describe('an error in a log line', () => {
  test('keeps name, message, code, frames and causes', () => {
    const cause = Object.assign(new TypeError('inner'), { code: 'ECONNRESET' });
    const logged = loggedError(new Error('outer', { cause }));
    expect(logged).toMatchObject({ type: 'Error', message: 'outer', cause: { type: 'TypeError', code: 'ECONNRESET' } });
    expect(logged.stack).toMatch(/^ {4}at .*logged-error\.test/);
  });

  test('loses what drivers hang on it: the arguments of a command, the row, the request', () => {
    const error = Object.assign(new Error('OOM command not allowed'), {
      command: { name: 'evalsha', args: ['sha', SAID] },
      detail: `Failing row contains (${SAID}).`,
      options: { headers: { authorization: SAID } },
    });
    expect(text(error)).toContain('OOM command not allowed');
    expect(text(error)).not.toContain(SAID);
  });

  test('does not quote what a parser or a database could not read', () => {
    const parse = (): unknown => JSON.parse(`{"a": ${SAID}`);
    expect(text(caught(parse))).not.toContain('what-the');
    const data = Object.assign(new Error(`invalid input syntax for type json: "${SAID}"`), { code: '22P02' });
    expect(text(data)).toContain('invalid input syntax');
    expect(text(data)).not.toContain(SAID);
  });

  test.each([
    ['connect redis://user:hunter2hunter2@10.0.0.5:6379 failed', 'hunter2'],
    ['Authorization: Bearer abcdef0123456789', 'abcdef0123456789'],
    ['Incorrect API key provided: sk-proj-abc123def456', 'abc123def456'],
    ['password=correcthorse rejected', 'correcthorse'],
    ['token eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl expired', 'eyJzdWIiOi'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----', 'MIIEow'],
  ])('hides the secret in %j', (message, secret) => {
    expect(text(new Error(message))).not.toContain(secret);
    expect(text(new Error(message))).toContain('[redacted]');
  });

  test('is one bounded line: nothing in it can pass for another line or move a cursor', () => {
    const message = 'a\r\n{"level":50,"msg":"forged"}\u001b[2J\u2028b\u0000';
    expect(cleanLine(message)).toBe('a {"level":50,"msg":"forged"} [2J b ');
    expect(loggedError(new Error('x'.repeat(1_000_000))).message.length).toBe(500);
  });

  test('something thrown that is no error says only that', () => {
    expect(loggedError({ said: SAID })).toEqual({ type: 'object', message: 'something that is no Error was thrown' });
  });

  test('ends: a cause that is its own cause is followed a few times', () => {
    const error = new Error('loop');
    error.cause = error;
    expect(text(error).match(/loop/g)).toHaveLength(4);
  });
});

describe('the logger', () => {
  test('writes one JSON line per record, and hides secret fields', async () => {
    const lines = await linesOf((logger) => {
      logger.info({ requestId: 'a\nb', authorization: 'hush', nested: { token: 'hush' } }, 'one\ntwo');
      logger.error({ err: new Error('boom\nboom') }, 'three');
    });
    expect(lines).toHaveLength(2);
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['one\ntwo', 'three']);
    expect(lines.join('')).not.toContain('hush');
  });
});

test('a record made readable is printed without control characters', () => {
  const record = {
    level: 40,
    time: 0,
    msg: 'm\u001b[31m',
    key: 'a\nb',
    err: { type: 'E', message: 'x\u0007', stack: '    at f' },
  };
  const lines = readableLine(JSON.stringify(record)).split('\n');
  expect(lines.slice(1)).toEqual(['E: x ', '    at f']);
  expect(lines[0]).toMatch(/WARN m \[31m key=a b$/);
});

function caught(work: () => unknown): unknown {
  try {
    return work();
  } catch (cause) {
    return cause;
  }
}

/** What our logger's settings make of records, read back from where pino writes them. */
async function linesOf(write: (logger: Logger) => void): Promise<string[]> {
  const written: string[] = [];
  const sink = { write: (line: string) => void written.push(line) };
  const ours = createLogger({ service: 'test', level: 'info', pretty: false });
  // The same instance with another stream: pino keeps its stream under this symbol.
  (ours as unknown as Record<symbol, unknown>)[pino.symbols.streamSym] = sink;
  write(ours);
  return written.flatMap((chunk) => chunk.split('\n').filter((line) => line !== ''));
}
