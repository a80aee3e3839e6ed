import { Redis } from 'ioredis';
import { startFakeUpstream, type FakeUpstream, type RecordedRequest } from '../support/fake-upstream.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { dataLines } from '../support/sse.js';
import { startStack, type Service, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

const ALICE = 'alice-key-0123456789';
const BOB = 'bob-key-0123456789abc';

/** Sessions on real processes: two API replicas, two workers, a scheduler, the store on Postgres. */
let upstream: FakeUpstream;
let stack: Stack;
let postgres: TestPostgres;

beforeAll(async () => {
  [upstream, postgres] = await Promise.all([startFakeUpstream(), startPostgres()]);
  const settings = `upstreams:
  - { name: fake, provider: openai, base_url: '${upstream.url}/v1' }
models:
  - { name: priced, upstream: fake, model: 'ok:n=2', price_input: 1000000, price_output: 2000000 }
  - { name: narrow, upstream: fake, model: 'ok:n=3', context_tokens: 1000 }
`;
  const env = {
    DATABASE_URL: postgres.url,
    API_KEYS: `alice:${ALICE},bob:${BOB}`,
    MODELS_UNKNOWN: 'passthrough',
    TOOLS: 'current_time',
  };
  stack = await startStack({ apis: 2, workers: 2, scheduler: true, env, settings });
});
afterAll(async () => {
  await stack?.stop();
  await upstream?.stop();
  await postgres?.stop();
});

interface Asked {
  readonly replica?: number;
  readonly key?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: object;
}

function ask(path: string, { replica = 0, key = ALICE, method = 'GET', headers = {}, body }: Asked = {}) {
  return fetch(`${stack.apis[replica]?.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
}
const json = async (path: string, asked?: Asked): Promise<Record<string, unknown>> =>
  (await (await ask(path, asked)).json()) as Record<string, unknown>;

/** One turn of a session by Chat Completions. */
const say = (
  session: string,
  content: string,
  { model = 'ok:n=2', ...asked }: Asked & { readonly model?: string } = {},
) =>
  ask('/v1/chat/completions', {
    method: 'POST',
    ...asked,
    headers: { 'x-session-id': session, ...asked.headers },
    body: { model, messages: [{ role: 'user', content }], ...asked.body },
  });

/** Starts a turn that streams, and resolves when it goes on. */
async function begin(session: string, content: string, model: string, replica = 0) {
  const response = await say(session, content, {
    model,
    replica,
    body: { stream: true },
    headers: { 'x-on-disconnect': 'continue' },
  });
  expect(response.status).toBe(200);
  const runId = response.headers.get('x-run-id') ?? '';
  return { runId, text: response.text() };
}
const statusOf = async (runId: string): Promise<unknown> => (await json(`/v1/runs/${runId}`))['status'];

interface Said {
  readonly role: string;
  readonly content: string;
}
const saidTo = ({ body }: RecordedRequest): Said[] => body['messages'] as Said[];
const requestsOf = (model: string): RecordedRequest[] =>
  upstream.requests.filter(({ body }) => body['model'] === model);
/** What the upstream was sent for the turn that says this. */
const requestThatSays = (content: string): RecordedRequest => {
  const found = upstream.requests.find((request) => saidTo(request).at(-1)?.content === content);
  if (!found) throw new Error(`nobody said ${content}`);
  return found;
};

test('twenty turns sent at once through two replicas run one at a time, each with the whole history', async () => {
  const model = 'ok:n=2,gap=3,vary=1';
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => say('twenty', `turn ${i}`, { model, replica: i % 2 })),
  );
  for (const answer of answers) {
    expect([answer.status, answer.headers.get('x-session-id')]).toEqual([200, 'twenty']);
    expect(answer.headers.get('x-hermes-session-id')).toBe('twenty');
    await answer.text();
  }
  const requests = requestsOf(model);
  expect(requests).toHaveLength(20);
  let history: Said[] = [];
  for (const [i, request] of requests.entries()) {
    const said = saidTo(request);
    expect(said.slice(0, -1)).toEqual(history);
    history = [...said, { role: 'assistant', content: `${i + 1}: word0 word1 ` }];
  }
  expect(new Set(history.filter(({ role }) => role === 'user').map(({ content }) => content)).size).toBe(20);

  const session = await until(async () => {
    const found = await json('/api/sessions/twenty');
    return found['runs'] === 20 ? found : undefined;
  });
  expect(session).toMatchObject({ id: 'twenty', status: 'idle', waiting_turns: 0, cost: null });
  const first = await json('/api/sessions/twenty/messages?limit=30', { replica: 1 });
  const rest = await json(`/api/sessions/twenty/messages?limit=30&after=${String(first['next_cursor'])}`);
  const messages = [...(first['data'] as Said[]), ...(rest['data'] as Said[])];
  expect([first['has_more'], rest['has_more'], rest['next_cursor']]).toEqual([true, false, null]);
  expect(messages.map(({ role, content }) => ({ role, content }))).toEqual(history);
});

test('turns that are answered in order are run in order, and a turn that is stopped while it waits lets the others by', async () => {
  const first = await begin('order', 'first', 'ok:n=20,gap=50');
  const second = await begin('order', 'second', 'ok:n=1', 1);
  const third = await begin('order', 'third', 'ok:n=1', 0);
  const fourth = await begin('order', 'fourth', 'ok:n=1', 1);
  expect(await json('/api/sessions/order')).toMatchObject({
    status: 'busy',
    active_run_id: first.runId,
    waiting_turns: 3,
  });
  expect([await statusOf(second.runId), await statusOf(third.runId)]).toEqual(['queued', 'queued']);
  expect(await json(`/v1/runs/${third.runId}/stop`, { method: 'POST' })).toMatchObject({ status: 'cancelled' });
  await Promise.all([first.text, second.text, fourth.text]);
  expect(saidTo(requestThatSays('second')).map(({ content }) => content)).toHaveLength(3);
  expect(saidTo(requestThatSays('fourth')).filter(({ role }) => role === 'user')).toEqual(
    ['first', 'second', 'third', 'fourth'].map((content) => ({ role: 'user', content })),
  );
});

test('reject is told that the session is busy; deleting a busy session, too', async () => {
  const { runId, text } = await begin('busy', 'long', 'ok:n=20,gap=50');
  const refused = await say('busy', 'me too', { replica: 1, headers: { 'x-session-busy': 'reject' } });
  expect([refused.status, refused.headers.get('x-should-retry')]).toEqual([409, 'false']);
  expect(await refused.json()).toMatchObject({ error: { code: 'session_busy', param: 'X-Session-Id' } });
  expect((await ask('/api/sessions/busy', { method: 'DELETE' })).status).toBe(409);
  await text;
  expect(await statusOf(runId)).toBe('completed');
  expect((await say('busy', 'now me', { headers: { 'x-session-busy': 'reject' } })).status).toBe(200);
});

test('a client that sends the whole conversation again adds its last message only', async () => {
  await (await say('again', 'one')).text();
  const messages = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'one, as the client remembers it' },
    { role: 'assistant', content: 'an answer that nobody gave' },
    { role: 'user', content: 'two, said again' },
  ];
  const body = { model: 'ok:n=2', messages };
  const headers = { 'x-hermes-session-id': 'again' };
  const answer = await ask('/v1/chat/completions', { method: 'POST', headers, body });
  expect(answer.headers.get('x-session-id')).toBe('again');
  expect(saidTo(requestThatSays('two, said again'))).toEqual([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'one' },
    { role: 'assistant', content: 'word0 word1 ' },
    { role: 'user', content: 'two, said again' },
  ]);
});

test('without a header the history is the client’s, and the derived session only groups the runs', async () => {
  const send = (messages: readonly Said[]) =>
    ask('/v1/chat/completions', { method: 'POST', body: { model: 'ok:n=2', messages } });
  const opening = [{ role: 'user', content: 'derive me' }];
  const [one, two] = [
    await send(opening),
    await send([...opening, { role: 'assistant', content: 'hm' }, { role: 'user', content: 'and more' }]),
  ];
  const id = one.headers.get('x-session-id') ?? '';
  expect(id).toMatch(/^api-[0-9a-f]{16}$/);
  expect(two.headers.get('x-session-id')).toBe(id);
  expect(saidTo(requestThatSays('and more'))).toHaveLength(3);
  await until(async () => (await json(`/api/sessions/${id}`))['runs'] === 2);
  const { data } = await json(`/api/sessions/${id}/messages`);
  expect((data as Said[]).map(({ content }) => content)).toEqual(['derive me', 'hm', 'and more', 'word0 word1 ']);
});

test('titles, search, totals and cost; another key sees nothing of it', async () => {
  await (await say('priced', '# What does this cost?', { model: 'priced' })).text();
  await (await say('priced', 'And this?', { model: 'priced' })).text();
  const session = await until(async () => {
    const found = await json('/api/sessions/priced');
    return found['runs'] === 2 ? found : undefined;
  });
  const usage = session['usage'] as { input_tokens: number; output_tokens: number };
  expect(usage.input_tokens).toBeGreaterThan(0);
  expect(session).toMatchObject({ title: 'What does this cost?', cost: usage.input_tokens + 2 * usage.output_tokens });
  const costOf = (runs: readonly { readonly cost?: number | null }[]): number =>
    runs.reduce((sum, { cost }) => sum + (cost ?? Number.NaN), 0);
  const listed = (await json('/v1/runs?session_id=priced'))['data'] as {
    readonly run_id: string;
    readonly cost: number;
  }[];
  const turns = (await json('/api/sessions/priced/turns'))['data'] as { readonly cost: number }[];
  const single = await Promise.all(listed.map(({ run_id: id }) => json(`/v1/runs/${id}`)));
  expect([listed, turns, single].map(costOf)).toEqual([session['cost'], session['cost'], session['cost']]);
  const body = { title: 'About money' };
  expect(await json('/api/sessions/priced', { method: 'PATCH', body })).toMatchObject(body);
  const found = await json('/api/sessions?q=MONEY', { replica: 1 });
  expect((found['data'] as { id: string }[]).map(({ id }) => id)).toEqual(['priced']);
  const page = await json('/api/sessions?limit=1');
  expect(page).toMatchObject({ object: 'list', has_more: true });
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/messages'],
    ['PATCH', ''],
    ['DELETE', ''],
    ['POST', '/fork'],
  ] as const) {
    const asked = { key: BOB, method, ...(method === 'PATCH' && { body }) };
    expect([method, path, (await ask(`/api/sessions/priced${path}`, asked)).status]).toEqual([method, path, 404]);
  }
  expect((await json('/api/sessions', { key: BOB }))['data']).toEqual([]);
  const theirs = await say('priced', 'Mine now', { key: BOB });
  expect(theirs.status).toBe(200);
  expect(saidTo(requestThatSays('Mine now'))).toHaveLength(1);
});

test('a fork goes on from a run in the middle; deleting the session takes its runs, but not what the fork needs', async () => {
  const runs: string[] = [];
  for (const words of ['alpha', 'beta', 'gamma secret']) {
    const answer = await say('trunk', words);
    await answer.text();
    runs.push(answer.headers.get('x-run-id') ?? '');
  }
  const fork = await json('/api/sessions/trunk/fork', {
    method: 'POST',
    body: { run_id: runs[1], session_id: 'branch' },
  });
  expect(fork).toMatchObject({ id: 'branch', parent_session_id: 'trunk', forked_from_run_id: runs[1], runs: 0 });
  expect((await ask('/api/sessions/trunk/fork', { method: 'POST', body: { session_id: 'branch' } })).status).toBe(409);
  const latest = await json('/api/sessions/trunk/fork', { method: 'POST' });
  expect(latest).toMatchObject({ forked_from_run_id: runs[2] });
  expect((await ask(`/api/sessions/${String(latest['id'])}`, { method: 'DELETE' })).status).toBe(200);

  expect(await json('/api/sessions/trunk', { method: 'DELETE' })).toMatchObject({ id: 'trunk', deleted: true });
  expect((await ask('/api/sessions/trunk')).status).toBe(404);
  expect((await ask(`/v1/runs/${runs[2]}`)).status).toBe(404);
  expect(await everyKeyThatHolds('gamma secret')).toEqual([]);

  await (await say('branch', 'delta', { replica: 1 })).text();
  const users = saidTo(requestThatSays('delta')).filter(({ role }) => role === 'user');
  expect(users.map(({ content }) => content)).toEqual(['alpha', 'beta', 'delta']);
  await (await say('trunk', 'begin anew')).text();
  expect(saidTo(requestThatSays('begin anew'))).toHaveLength(1);
});

test('what does not fit the window of the model is left out by whole turns', async () => {
  for (let i = 0; i < 5; i++)
    await (await say('narrow', `${i} ${'long words '.repeat(60)}`, { model: 'narrow' })).text();
  const last = saidTo(requestsOf('ok:n=3').at(-1) as RecordedRequest);
  expect(last.length).toBeLessThan(9);
  expect(last[0]?.role).toBe('user');
  expect(last.at(-1)?.content).toMatch(/^4 /);
  const tooLong = await say('narrow', 'x'.repeat(60_000), { model: 'narrow' });
  expect([tooLong.status, await tooLong.json()]).toMatchObject([400, { error: { code: 'context_length_exceeded' } }]);
  // And the session is not stuck with it.
  expect((await say('narrow', 'short again', { model: 'narrow' })).status).toBe(200);
});

test('a bridge client works unchanged: tool progress beside the text, usage on the finish chunk without asking', async () => {
  const body = { model: 'tools', stream: true, messages: [{ role: 'user', content: 'What time is it?' }] };
  const send = (headers: Record<string, string>) => ask('/v1/chat/completions', { method: 'POST', headers, body });
  const response = await send({ 'x-hermes-session-id': 'webui-1' });
  expect(response.headers.get('x-hermes-session-id')).toBe('webui-1');
  const text = await response.text();
  const progress = [...text.matchAll(/^event: hermes\.tool\.progress\ndata: (.*)$/gm)].map(
    ([, data]) => JSON.parse(data ?? '') as Record<string, unknown>,
  );
  expect(progress.map(({ tool, status }) => [tool, status])).toEqual([
    ['current_time', 'running'],
    ['current_time', 'completed'],
  ]);
  expect(new Set(progress.map(({ toolCallId }) => toolCallId)).size).toBe(1);
  const chunks = chunksOf(text);
  expect(chunks.at(-1)).toMatchObject({
    choices: [{ finish_reason: 'stop' }],
    usage: { prompt_tokens: expect.any(Number) as number, total_tokens: expect.any(Number) as number },
  });
  expect(chunks.filter((chunk) => 'usage' in chunk)).toHaveLength(1);
  expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toContain('word0 word1');

  // Nobody else gets it, whatever else they send.
  const other = chunksOf(await (await send({ 'x-session-id': 'not-a-bridge' })).text());
  expect(other.some((chunk) => 'usage' in chunk)).toBe(false);
});

test('the worker of a turn is killed: the turn goes on elsewhere, and the session after it', async () => {
  const first = await begin('killed', 'survive', 'ok:n=60,gap=100,vary=1');
  const second = await begin('killed', 'next please', 'ok:n=1', 1);
  await until(async () => /word3/.test(await logText(first.runId)));
  const victim = await workerOf(first.runId);
  await victim.kill('SIGKILL');
  const [, waited] = await Promise.all([first.text, second.text]);
  expect(await statusOf(first.runId)).toBe('completed');
  expect(dataLines(waited).at(-1)).toBe('[DONE]');
  expect(await statusOf(second.runId)).toBe('completed');
  const said = saidTo(requestThatSays('next please'));
  expect(said.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  expect(said[1]?.content).toMatch(/word59 $/);
});

interface Chunk {
  readonly choices: readonly { readonly delta: { readonly content?: string } }[];
}
const chunksOf = (text: string): Chunk[] =>
  text.split('\n\n').flatMap((frame) => {
    if (frame.startsWith('event:')) return [];
    return dataLines(frame).flatMap((data) => (data === '[DONE]' ? [] : [JSON.parse(data) as Chunk]));
  });

async function withRedis<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(stack.redis.url);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

const logText = (runId: string): Promise<string> =>
  withRedis(async (redis) => (await redis.xrange(`talaria:{${runId}}:log`, '-', '+')).map(([, f]) => f[1]).join(''));

/** The worker process that took this run up; its id holds its pid. */
async function workerOf(runId: string): Promise<Service> {
  const text = await logText(runId);
  const worker = stack.workers.find(({ pid }) => text.includes(`-${pid}-`));
  if (!worker) throw new Error(`no worker has run ${runId}`);
  return worker;
}

/** Names of the Redis keys with these words in them. */
function everyKeyThatHolds(words: string): Promise<string[]> {
  return withRedis(async (redis) => {
    const held: string[] = [];
    for (const key of await redis.keys('*')) {
      const type = await redis.type(key);
      const text =
        type === 'stream'
          ? JSON.stringify(await redis.xrange(key, '-', '+'))
          : type === 'hash'
            ? JSON.stringify(await redis.hgetall(key))
            : type === 'string'
              ? await redis.get(key)
              : '';
      if (text?.includes(words)) held.push(key);
    }
    return held;
  });
}
