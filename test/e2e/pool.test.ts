import { writeFile } from 'node:fs/promises';
import { startStack, type Stack } from '../support/stack.js';
import {
  after,
  dies,
  hangs,
  overloadedInside,
  poolUpstream,
  refuses,
  says,
  stalls,
  type PoolUpstream,
} from '../support/pool-upstreams.js';
import { until } from '../support/until.js';

const KEY = 'ann-key-0123456789';
const ADMIN = 'admin-token-0123456789';

let ups: PoolUpstream[];
let stack: Stack;
let file: string;

const settings = (names: readonly PoolUpstream[], extra = ''): string => `
auth: { keys: [{ name: ann, key: ${KEY} }] }
upstreams:
${names.map(({ name, url }) => `  - { name: ${name}, provider: openai, base_url: '${url}', first_byte_ms: 1500, api_key: sk-${name}-secret, retries: 0 }`).join('\n')}
models:
  - { name: pooled, upstreams: [${names.map(({ name }) => name).join(', ')}], model: big, context_tokens: 100000 }
${extra}`;

beforeAll(async () => {
  ups = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => poolUpstream(name, says(name))));
  stack = await startStack({ workers: 2, settings: settings(ups), env: { ADMIN_TOKEN: ADMIN } });
  file = stack.settingsFile;
});
afterAll(async () => {
  await stack?.stop();
  await Promise.all((ups ?? []).map((up) => up.stop()));
});

interface Answer {
  readonly status: number;
  readonly body: {
    readonly served_by: string;
    readonly attempts: number;
    readonly latency: { readonly first_token_ms: number; readonly total_ms: number };
    readonly choices: readonly { readonly message: { readonly content: string } }[];
  };
  readonly runId: string;
}

async function chat(session: string): Promise<Answer> {
  const response = await fetch(`${stack.apis[0]?.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'session-id': session },
    body: JSON.stringify({ model: 'pooled', messages: [{ role: 'user', content: `I am ${session}.` }] }),
  });
  const runId = response.headers.get('x-run-id') ?? '';
  return { status: response.status, body: (await response.json()) as Answer['body'], runId };
}

async function admin(path: string, method = 'GET'): Promise<{ readonly status: number; readonly body: AdminList }> {
  const response = await fetch(`${stack.apis[0]?.url}/internal/upstreams${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN}` },
  });
  return { status: response.status, body: (await response.json()) as AdminList };
}

interface AdminList {
  readonly data: readonly {
    readonly name: string;
    readonly state: string;
    readonly in_flight: number;
    readonly bindings: number;
    readonly calls: number;
    readonly cache_hit_rate: number | null;
    readonly models: readonly { readonly state: string; readonly why: string | null }[];
  }[];
  readonly workers: readonly { readonly generation: number; readonly reload_error: string | null }[];
  readonly models?: number;
  readonly error?: { readonly message: string };
}

const sessions = Array.from({ length: 12 }, (_, i) => `session-${i}`);
const askAll = async (): Promise<Answer[]> => Promise.all(sessions.map(chat));

test('a session stays where it is, and the answer and the run tell who served it', async () => {
  const first = await askAll();
  const second = await askAll();
  expect(first.map(({ status }) => status)).toEqual(sessions.map(() => 200));
  expect(second.map(({ body }) => body.served_by)).toEqual(first.map(({ body }) => body.served_by));
  expect(new Set(first.map(({ body }) => body.served_by)).size).toBeGreaterThan(1);
  const [answer] = second as [Answer];
  expect(answer.body.attempts).toBe(1);
  expect(answer.body.latency.total_ms).toBeGreaterThanOrEqual(answer.body.latency.first_token_ms);
  const run = await fetch(`${stack.apis[0]?.url}/v1/runs/${answer.runId}`, {
    headers: { authorization: `Bearer ${KEY}` },
  });
  expect(await run.json()).toMatchObject({ served_by: answer.body.served_by, attempts: 1 });
});

test('one dies, one is limited, one hangs, one says overloaded inside a 200, one is slow: no run fails', async () => {
  const [a, b, c, d, e] = ups as [PoolUpstream, PoolUpstream, PoolUpstream, PoolUpstream, PoolUpstream];
  a.behave = dies;
  b.behave = (response, asked) => refuses(429, asked % 2 === 0 ? { 'retry-after': '1' } : {})(response, asked);
  c.behave = hangs;
  d.behave = overloadedInside;
  e.behave = after(300, says('e'));
  const answers = [...(await askAll()), ...(await askAll())];
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(new Set(answers.map(({ body }) => body.served_by))).toEqual(new Set(['e']));
  expect(answers.some(({ body }) => body.attempts > 1)).toBe(true);

  const { body } = await admin('');
  const state = (name: string) => body.data.find((row) => row.name === name)?.models[0];
  expect(state('b')).toMatchObject({ why: 'rate_limited' });
  expect(state('e')).toMatchObject({ state: 'well' });
  for (const up of ups) up.behave = says(up.name);
});

test('operators see every upstream without its credential, drain one, and take it back in', async () => {
  const closed = await fetch(`${stack.apis[0]?.url}/internal/upstreams`, {
    headers: { authorization: `Bearer ${KEY}` },
  });
  expect(closed.status).toBe(401);
  await until(async () => (await admin('')).body.data.every((row) => row.in_flight === 0));
  const { body } = await admin('');
  expect(JSON.stringify(body)).not.toContain('secret');
  expect(body.data.reduce((sum, row) => sum + row.bindings, 0)).toBeGreaterThanOrEqual(sessions.length);
  await until(async () => (await admin('')).body.data.some((row) => row.cache_hit_rate === 0.5));

  for (const { name } of ups) await admin(`/${name}/enable`, 'POST');
  expect((await admin('/nobody/drain', 'POST')).status).toBe(404);
  expect((await admin('/e/drain', 'POST')).status).toBe(200);
  const drained = await askAll();
  expect(drained.map(({ body: { served_by } }) => served_by)).not.toContain('e');
  expect((await admin('')).body.data.find(({ name }) => name === 'e')?.state).toBe('drained');
  expect((await admin('/e/enable', 'POST')).status).toBe(200);
  expect((await admin('/e/check', 'POST')).body).toMatchObject({ models: 1 });
});

test('monitors see how many are ready, and no names; operators the models of each worker', async () => {
  const healthz = async (): Promise<object> => (await (await fetch(`${stack.apis[0]?.url}/healthz`)).json()) as object;
  await until(async () => !JSON.stringify(await healthz()).includes('drained'));
  const state = await healthz();
  expect(state).toMatchObject({ status: 'ok', pool: { size: 5, ready: 5, instances: expect.any(Array) } });
  expect(Object.keys(state)).toEqual(expect.arrayContaining(['pool', 'status', 'version', 'ok', 'pool_ready']));
  expect(JSON.stringify(state)).not.toMatch(/"[a-e]"|127\.0\.0\.1/);
  const ask = async (path: string) =>
    (await (await fetch(`${stack.apis[0]?.url}${path}`, { headers: { authorization: `Bearer ${ADMIN}` } })).json()) as {
      data: readonly { models: readonly object[] }[];
      upstreams: readonly { name: string }[];
    };
  const raw = await ask('/internal/models/raw');
  expect(raw.data).toHaveLength(2);
  expect(raw.data[0]?.models).toContainEqual(expect.objectContaining({ id: 'pooled', context_tokens: 100_000 }));
  const { upstreams } = await ask('/internal/stats');
  expect(upstreams.map(({ name }) => name)).toEqual(ups.map(({ name }) => name));
});

test('new settings are used without a restart; bad ones are refused, and the old ones stay', async () => {
  await writeFile(file, settings(ups.slice(0, 1)));
  expect((await admin('/reload', 'POST')).status).toBe(200);
  await until(async () => (await admin('')).body.workers.every(({ generation }) => generation === 1));
  expect(new Set((await askAll()).map(({ body }) => body.served_by))).toEqual(new Set(['a']));
  await writeFile(file, settings(ups, '  - { name: bad, upstreams: [nobody], model: big }'));
  const refused = await admin('/reload', 'POST');
  expect([refused.status, refused.body.error?.message]).toEqual([400, expect.stringContaining('nobody')]);
  expect(new Set((await askAll()).map(({ body }) => body.served_by))).toEqual(new Set(['a']));
});

test('places of workers that are killed are free again, and their runs end elsewhere', async () => {
  await writeFile(file, settings(ups));
  expect((await admin('/reload', 'POST')).status).toBe(200);
  const places = async (): Promise<number> =>
    (await admin('')).body.data.reduce((sum, { in_flight }) => sum + in_flight, 0);
  for (const up of ups) up.behave = stalls;
  const answers = askAll();
  await until(async () => (await places()) === sessions.length);
  for (const up of ups) up.behave = says(up.name);
  await Promise.all(stack.workers.map((worker) => worker.kill('SIGKILL')));
  await until(async () => (await places()) === 0);
  await stack.start('worker');
  expect((await answers).map(({ status }) => status)).toEqual(sessions.map(() => 200));
  await until(async () => (await places()) === 0);
});
