import { Redis } from 'ioredis';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { startStack, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

const KEY = 'a-key-of-the-test-0123456789';

/** Runs that are not there any more, on real processes: what was deleted and what was not kept is told as that. */
let upstream: FakeUpstream;
let stack: Stack;
let redis: Redis;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  const settings = `upstreams:
  - { name: fake, provider: openai, base_url: '${upstream.url}/v1' }
`;
  const env = { MODELS_UNKNOWN: 'passthrough', TOOLS: 'current_time', API_SERVER_KEY: KEY };
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
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: object;
}

function ask(path: string, { replica = 0, method = 'GET', headers = {}, body }: Asked = {}): Promise<Response> {
  return fetch(`${stack.apis[replica]?.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', ...headers },
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
