import type { IncomingMessage, ServerResponse } from 'node:http';
import { runCli } from '../../../apps/cli/src/program.js';
import { startHttpServer, type TestHttpServer } from '../../support/http-server.js';

/** The program against a stand-in, for what a real gateway cannot be made to do. */
const RUN = `run_${'ab'.repeat(16)}`;
const OTHER = `run_${'ab'.repeat(2)}${'cd'.repeat(14)}`;
let server: TestHttpServer;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const asked: IncomingMessage[] = [];

beforeAll(async () => {
  server = await startHttpServer((request, response) => {
    asked.push(request);
    answer(request, response);
  });
});
afterAll(() => server.close());
beforeEach(() => {
  asked.length = 0;
  answer = (_request, response) => response.end('{}');
});

async function cli(
  argv: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  const sink = () => ({
    text: '',
    write: function (text: string) {
      this.text += text;
    },
  });
  const [out, err] = [sink(), sink()];
  const url = `http://127.0.0.1:${server.port}`;
  const around = { env: { TALARIA_URL: url, ...env }, out, err, version: '1.2.3', pause: () => Promise.resolve() };
  const code = await runCli(argv, around);
  return { code, out: out.text, err: err.text };
}

const json =
  (value: object, status = 200) =>
  (_request: unknown, response: ServerResponse): void =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));

const page = (...ids: string[]) =>
  json({ object: 'list', data: ids.map((id) => ({ run_id: id, status: 'completed', created_at: 1 })), next: null });

test.each([
  [[], 2],
  [['nonsense'], 2],
  [['runs'], 2],
  [['runs', 'show'], 2],
  [['runs', 'ls', '--limit', '0'], 2],
  [['runs', 'ls', '--limit', '1e1'], 2],
  [['runs', 'ls', '--nonsense'], 2],
  [['runs', 'show', 'not-an-id'], 2],
  [['jobs', 'add', '--prompt', 'x'], 2],
  [['approve', RUN, '--session', '--always'], 2],
  [['deny', RUN, '--request', 'apr_1', '--all'], 2],
  [['usage', '--from', 'yesterday'], 2],
  [['usage', '--to', '2026-13-01'], 2],
  [['status', '--url', 'ftp://x'], 2],
  [['--help'], 0],
  [['jobs', 'add', '--help'], 0],
  [['--version'], 0],
])('%j ends with %i', async (argv, code) => {
  const ended = await cli(argv);
  expect(ended.code).toBe(code);
  expect(code === 0 ? ended.out : ended.err).not.toBe('');
  expect(asked).toEqual([]);
});

test.each([
  [401, 4],
  [403, 4],
  [404, 1],
  [429, 1],
  [500, 1],
])('an answer of %i ends with %i and the words of the gateway', async (status, code) => {
  answer = json({ error: { message: 'Not so.', param: 'limit', code: 'x' } }, status);
  const ended = await cli(['runs', 'ls']);
  expect([ended.code, ended.out]).toEqual([code, '']);
  expect(ended.err).toContain('Not so. (limit)');
});

test('what answers without JSON is no gateway, and a proxy’s page is told as it is', async () => {
  answer = (_request, response) => response.end('<html>');
  expect(await cli(['tools'])).toMatchObject({ code: 3, err: expect.stringContaining('no Talaria') });
  answer = (_request, response) => response.writeHead(502).end('Bad Gateway');
  expect(await cli(['tools'])).toMatchObject({ code: 1, err: expect.stringContaining('502: Bad Gateway') });
});

test('an answer that is cut is not blamed on the address', async () => {
  answer = (_request, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{"data":');
    setTimeout(() => response.destroy(), 20);
  };
  const { code, err } = await cli(['tools']);
  expect([code, err.includes('broke off'), err.includes('no Talaria')]).toEqual([3, true, false]);
});

test.each([
  [['nonsense'], {}, 'usage_error'],
  [[], {}, 'usage_error'],
  [['runs', 'show'], {}, 'usage_error'],
  [['runs', 'ls', '--nonsense'], {}, 'usage_error'],
  [['runs', 'ls', '--limit', '0'], {}, 'usage_error'],
  [['runs', 'show', 'not-an-id'], {}, 'usage_error'],
  [['approve', RUN, '--session', '--always'], {}, 'usage_error'],
  [['status', '--url', 'ftp://x'], {}, 'usage_error'],
  [['tools'], { TALARIA_URL: 'http://127.0.0.1:1' }, 'unreachable'],
  [['tools'], { TALARIA_KEY: 'a b' }, 'invalid_api_key'],
])('with --json %j is refused in the shape of the API: %j, %s', async (argv, env, code) => {
  const { err } = await cli([...argv, '--json'], env);
  const message = expect.stringMatching(/^[^{]{5,}$/) as string;
  expect(JSON.parse(err)).toEqual({ error: { message, type: 'cli_error', param: null, code } });
});

test('the key is shown, and the address may have a path and /v1', async () => {
  const TALARIA_URL = `http://127.0.0.1:${server.port}/agents/v1/`;
  answer = json({ data: [] });
  await cli(['tools'], { TALARIA_URL, API_SERVER_KEY: 'one' });
  await cli(['tools'], { TALARIA_URL, API_SERVER_KEY: 'one', TALARIA_KEY: 'two' });
  expect(asked.map(({ url, headers }) => [url, headers.authorization])).toEqual([
    ['/agents/v1/tools', 'Bearer one'],
    ['/agents/v1/tools', 'Bearer two'],
  ]);
});

test('a key that no header can carry is refused, and not shown', async () => {
  for (const TALARIA_KEY of ['swordfish\nb', 'swordfish-ü']) {
    const told = await cli(['--json', 'tools'], { TALARIA_KEY });
    expect(told.code).toBe(4);
    expect(JSON.parse(told.err)).toMatchObject({ error: { message: expect.stringContaining('TALARIA_KEY') } });
    expect(told.err).not.toContain('swordfish');
  }
});

test('the beginning of an id is looked for, and must fit one run', async () => {
  answer = page(RUN, OTHER);
  expect(await cli(['runs', 'show', 'run_abab'])).toMatchObject({ code: 2, err: expect.stringContaining(OTHER) });
  expect(await cli(['runs', 'show', 'run_ffff'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('begins with'),
  });
  await cli(['runs', 'stop', 'run_ababcd..']);
  expect(asked.at(-1)?.url).toBe(`/v1/runs/${OTHER}/stop`);
});

test('ids cannot lead to another path', async () => {
  answer = json({ job: { id: 'x' } });
  await cli(['jobs', 'pause', '../../v1/runs']);
  expect(asked.at(-1)?.url).toBe('/api/jobs/..%2F..%2Fv1%2Fruns/pause');
});

test('lists show every field that a newer gateway adds, and nothing says that there are none', async () => {
  answer = json({
    data: [
      { object: 'usage', model: 'm', runs: 3, cost: null },
      { model: 'n', runs: 12, news: 'yes' },
    ],
  });
  expect((await cli(['usage', '--from', '2026-11-01'])).out).toBe(
    'model  runs  cost  news\nm         3  -     -\nn        12  -     yes\n',
  );
  expect(asked.at(-1)?.url).toBe('/v1/usage?from=2026-11-01');
  const usage = { input_tokens: 5, output_tokens: 7, details: { cached: 1 } };
  answer = json({ data: [{ day: '2026-11-01', runs: 1, usage, tags: ['a', 'b'], cost: 0.5 }], next: 'c1' });
  expect((await cli(['usage'])).out).toBe(
    'day         runs  input_tokens  output_tokens  tags  cost\n' +
      '2026-11-01     1             5              7  a, b   0.5\nmore: --after c1\n',
  );
  answer = json({ data: [] });
  expect((await cli(['tools'])).out).toBe('No tools.\n');
});

describe('a run that is followed', () => {
  const event = (seq: number, name: string, fields: object): string =>
    `id: ${RUN}:${seq}\ndata: ${JSON.stringify({ event: name, run_id: RUN, seq, ...fields })}\n\n`;
  const delta = (seq: number, text: string): string => event(seq, 'message.delta', { delta: text, step: 1 });
  const done = event(3, 'run.completed', { usage: { total_tokens: 5 } });

  test('is joined again behind the last event when the stream breaks', async () => {
    answer = (request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      if (request.headers['last-event-id'] === undefined) {
        response.write(delta(1, 'Hel'), () => response.destroy());
      } else {
        response.end(delta(2, 'lo') + done);
      }
    };
    expect(await cli(['runs', 'tail', RUN])).toEqual({ code: 0, out: 'Hello\n[completed 5 tokens]\n', err: '' });
    expect(asked.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, `${RUN}:1`]);
  });

  test('whose stream never comes to its end is given up', async () => {
    answer = (_request, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end();
    expect(await cli(['runs', 'tail', RUN])).toMatchObject({ code: 3 });
    expect(asked).toHaveLength(6);
  });

  test('cannot write control characters to a terminal', async () => {
    answer = (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(delta(1, 'a\u001b[2Jb\n\tc') + done);
    expect((await cli(['runs', 'tail', RUN])).out).toBe('a[2Jb\n\tc\n[completed 5 tokens]\n');
  });
});
