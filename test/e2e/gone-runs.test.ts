import { Redis } from 'ioredis';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { startStack, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

const KEY = 'alice-key-of-the-test-0123456789';
const BOB = 'bob-key-of-the-test-0123456789';
const LIMITED = { MAX_ORDER_BYTES_PER_KEY: '25000000' };

/** Runs that are not there any more, on real processes: what was deleted and what was not kept is told as that. */
let upstream: FakeUpstream;
let stack: Stack;
let redis: Redis;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  const settings = `upstreams:
  - { name: fake, provider: openai, base_url: '${upstream.url}/v1' }
`;
  const env = { MODELS_UNKNOWN: 'passthrough', TOOLS: 'current_time', API_KEYS: `alice:${KEY},bob:${BOB}`, ...LIMITED };
  stack = await startStack({ apis: 2, workers: 1, scheduler: true, env, settings });
  redis = new Redis(stack.redis.url);
});
afterAll(async () => {
  redis?.disconnect();
  await stack?.stop();
  await upstream?.stop();
});

interface Asked {
  readonly replica?: number;
  readonly key?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: object;
}

function ask(
  path: string,
  { replica = 0, key = KEY, method = 'GET', headers = {}, body }: Asked = {},
): Promise<Response> {
  return fetch(`${stack.apis[replica]?.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
}

const runIdOf = (answer: Response): string => answer.headers.get('x-run-id') ?? '';
const isStored = (runId: string): Promise<unknown> =>
  until(async () => (await redis.zscore('talaria:runs:unconfirmed', runId)) === null);

describe('an Idempotency-Key whose run was deleted', () => {
  const routes = [
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Hello' }] }],
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Hello' }], stream: true }],
    ['/v1/responses', { input: 'Hello' }],
    ['/v1/responses', { input: 'Hello', stream: true }],
    ['/v1/messages', { messages: [{ role: 'user', content: 'Hello' }], max_tokens: 9 }],
    ['/v1/runs', { input: 'Hello' }],
  ] as const;

  test.each(routes)('%s %j: 404 at once, and the next turn does not wait', async (path, fields) => {
    const name = `deleted-${routes.findIndex((route) => route[1] === fields)}`;
    const model = `ok:n=2,name=${name}`;
    const headers = { 'x-session-id': name, 'idempotency-key': name };
    const asked = { method: 'POST', headers, body: { model, ...fields } };
    const calls = (): number => upstream.requests.filter(({ body }) => body['model'] === model).length;
    const first = await ask(path, asked);
    expect(first.ok).toBe(true);
    await first.text();
    await isStored(runIdOf(first));
    expect((await ask(`/api/sessions/${name}`, { method: 'DELETE' })).status).toBe(200);
    for (const replica of [0, 1]) {
      const again = await ask(path, { ...asked, replica });
      expect(again.status).toBe(404);
      expect(await again.json()).toMatchObject({
        error: { message: expect.stringContaining('deleted') as unknown },
      });
    }
    expect(calls()).toBe(1);
    // Nobody stands before the next turn of that session.
    const next = await ask('/v1/chat/completions', {
      method: 'POST',
      headers: { 'x-session-id': name },
      body: { model, messages: [{ role: 'user', content: 'Next' }] },
    });
    expect(next.status).toBe(200);
    await next.text();
    expect(calls()).toBe(2);
    const state = (await (await ask(`/api/sessions/${name}`)).json()) as Record<string, unknown>;
    expect(state).toMatchObject({ waiting_turns: 0 });
  });
});

test('a response with store: false says that nothing was kept once its log has gone', async () => {
  const respond = (stream: boolean, replica = 0): Promise<Response> =>
    ask('/v1/responses', {
      replica,
      method: 'POST',
      headers: { 'idempotency-key': `unkept-${stream}` },
      body: { model: 'ok:n=2,name=unkept', input: 'Hello', store: false, stream },
    });
  for (const stream of [false, true]) {
    const first = await respond(stream);
    const runId = runIdOf(first);
    expect(await first.text()).toContain('word1');
    await isStored(runId);
    // In its hour the answer is there.
    expect(await (await respond(stream, 1)).text()).toContain('word1');
    // Stands in for that hour.
    await redis.del(`talaria:{${runId}}:log`, `talaria:{${runId}}:meta`);
    const paths = [`/v1/runs/${runId}`, `/v1/runs/${runId}/events`, `/v1/runs/${runId}/turn`];
    const answers = [await respond(stream, 1), ...(await Promise.all(paths.map((path) => ask(path))))];
    for (const answer of answers) {
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        410,
        expect.stringContaining('application/json'),
      ]);
      expect(await answer.json()).toMatchObject({ error: { code: 'run_expired' } });
    }
    expect((await ask(`/v1/responses/${runId.replace('run_', 'resp_')}`)).status).toBe(404);
    const list = (await (await ask('/v1/runs?limit=100')).json()) as { data: Record<string, unknown>[] };
    expect(list.data.find((run) => run['run_id'] === runId)).toMatchObject({ content_kept: false });
  }
});

/** Bytes that Redis holds for a run. */
async function bytesOf(runId: string): Promise<number> {
  const keys = [`talaria:{${runId}}:log`, `talaria:{${runId}}:meta`];
  const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key)));
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
}

const LARGE = 'x'.repeat(4_800_000);
const largeRequest = (path: string, model: string): object => {
  const messages = [
    { role: 'user', content: LARGE.slice(0, 3_900_000) },
    { role: 'user', content: LARGE.slice(0, 3_900_000) },
    { role: 'user', content: LARGE.slice(0, 1_800_000) },
  ];
  if (path === '/v1/messages') return { model, messages, max_tokens: 9 };
  return path === '/v1/chat/completions' ? { model, messages } : { model, input: messages };
};

test('large runs leave little in Redis once they are stored, and their answers are there', async () => {
  const runIds: string[] = [];
  for (let i = 0; i < 10; i++) {
    const headers = { 'idempotency-key': `large-${i}` };
    const body = largeRequest('/v1/chat/completions', 'ok:n=2,name=large');
    const answer = await ask('/v1/chat/completions', { method: 'POST', headers, body });
    expect(answer.status).toBe(200);
    await answer.text();
    runIds.push(runIdOf(answer));
    // One after the other, so that the key stays below its bound.
    await isStored(runIdOf(answer));
  }
  const sizes = await Promise.all(runIds.map(bytesOf));
  expect(sizes.every((size) => size > 0)).toBe(true);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(5_000_000);
  const body = largeRequest('/v1/chat/completions', 'ok:n=2,name=large');
  const again = await ask('/v1/chat/completions', {
    replica: 1,
    method: 'POST',
    headers: { 'idempotency-key': 'large-0' },
    body,
  });
  expect([again.status, runIdOf(again)]).toEqual([200, runIds[0]]);
  expect(await again.text()).toContain('word1');
  const turn = (await (await ask(`/v1/runs/${runIds[0]}/turn`)).json()) as { input: { content: string }[] };
  expect(turn.input[0]?.content.length).toBe(3_900_000);
}, 120_000);

test('a key whose live runs hold too many bytes gets 429, other keys do not; afterwards it starts at zero', async () => {
  const slow = 'slow:first=600000,name=held';
  const live = await Promise.all(
    [1, 2].map(async () => {
      const body = largeRequest('/v1/runs', slow);
      const answer = await ask('/v1/runs', { method: 'POST', body });
      expect(answer.status).toBe(202);
      return ((await answer.json()) as { run_id: string }).run_id;
    }),
  );
  for (const path of ['/v1/chat/completions', '/v1/responses', '/v1/messages', '/v1/runs']) {
    const headers = { 'idempotency-key': `refused ${path}`.replaceAll(' ', '-') };
    const refused = await ask(path, { method: 'POST', headers, body: largeRequest(path, 'ok:n=1') });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
    expect(await refused.json()).toMatchObject({
      error: { message: expect.stringContaining('hold too many bytes') as unknown },
      ...(path === '/v1/messages' && { type: 'error' }),
    });
    const other = await ask(path, { key: BOB, method: 'POST', body: largeRequest(path, 'ok:n=1') });
    expect(other.ok).toBe(true);
    await other.text();
    await isStored(runIdOf(other));
  }
  for (const runId of live) await ask(`/v1/runs/${runId}/stop`, { method: 'POST' });
  for (const runId of live) await isStored(runId);
  expect(await redis.hget('talaria:orders:held', 'alice')).toBeNull();
  const path = '/v1/chat/completions';
  const after = await ask(path, { method: 'POST', body: largeRequest(path, 'ok:n=1') });
  expect(after.status).toBe(200);
}, 120_000);
