import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { openAnswer } from '../support/sse.js';
import { readChat, type ReadChat } from '../support/chat-stream.js';
import { startStack, type Service, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** A Talaria whose upstream is another Talaria, each on processes of its own. */
const OUTER = 'outer-key-0123456789';
const INNER = 'inner-key-0123456789';

let models: FakeUpstream;
let inner: Stack;
let outer: Stack;

const outerSettings = (url: string): string => `
auth: { keys: [{ name: ann, key: ${OUTER} }] }
upstreams:
  - { name: agents, provider: gateway, base_url: '${url}/v1', api_key: ${INNER} }
models:
  - { name: asks, upstream: agents, model: tools }
  - { name: thinks, upstream: agents, model: 'reasoning:n=4' }
  - { name: talks, upstream: agents, model: 'ok:n=2000,gap=25' }
`;
const innerSettings = `
auth: { keys: [{ name: outer, key: ${INNER} }] }
approvals: { rules: [{ tool: "current_*", policy: always }] }
`;

beforeAll(async () => {
  models = await startFakeUpstream();
  const common = { TOOLS: 'current_time', OPENAI_BASE_URL: `${models.url}/v1` };
  inner = await startStack({
    apis: 2,
    scheduler: true,
    settings: innerSettings,
    env: { ...common, MODELS_UNKNOWN: 'passthrough' },
  });
  outer = await startStack({
    settings: outerSettings(inner.apis[1]?.url ?? ''),
    env: { TOOLS: 'current_time', UPSTREAM_RETRIES: '0' },
  });
});
afterAll(async () => {
  await outer?.stop();
  await inner?.stop();
  await models?.stop();
});

const headersOf = (key: string): Record<string, string> => ({
  authorization: `Bearer ${key}`,
  'content-type': 'application/json',
});
const at = (stack: Stack, replica = 0): Service => stack.apis[replica] as Service;

async function call<T>(service: Service, key: string, path: string, body?: object): Promise<T> {
  const method = body ? 'POST' : 'GET';
  const sent = { method, headers: headersOf(key), ...(body && { body: JSON.stringify(body) }) };
  return (await (await fetch(service.url + path, sent)).json()) as T;
}

const chat = (model: string, headers: Record<string, string> = {}) =>
  openAnswer(`${at(outer).url}/v1/chat/completions`, {
    method: 'POST',
    headers: { ...headersOf(OUTER), ...headers },
    body: {
      model,
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: 'What time is it?' }],
    },
  });

/** As a client reads the stream; keep-alive comments may stand anywhere. */
const plain = (text: string): ReadChat => readChat(text.replaceAll(/^:.*\n+/gm, ''));

interface Run {
  readonly run_id: string;
  readonly status: string;
  readonly output: string;
  readonly error: { readonly code: string } | null;
  readonly items: readonly { readonly type: string; readonly name?: string; readonly output?: string }[];
  readonly usage: { readonly input_tokens: number };
}

const run = (stack: Stack, key: string, id: string): Promise<Run> => call<Run>(at(stack), key, `/v1/runs/${id}`);
const innerRuns = async (): Promise<readonly Run[]> =>
  (await call<{ data: readonly Run[] }>(at(inner), INNER, '/v1/runs?limit=20')).data;

interface Pending {
  readonly data: readonly { readonly run_id: string; readonly request: { readonly request_id: string } }[];
}

const pendingAt = async (stack: Stack, key: string): Promise<Pending['data']> =>
  (await call<Pending>(at(stack), key, '/v1/approvals/pending')).data;

/** A run whose tool waits for an approval inside, with the request here and the one there. */
async function askedRun(headers: Record<string, string> = {}) {
  const answer = await chat('asks', headers);
  const runId = String(answer.response.headers['x-run-id']);
  const found = async (stack: Stack, key: string): Promise<Pending['data'][number]> => {
    let pending: Pending['data'] = [];
    await until(async () => (pending = await pendingAt(stack, key)).length === 1);
    return pending[0] as Pending['data'][number];
  };
  const ours = await found(outer, OUTER);
  expect(ours.run_id).toBe(runId);
  expect((await run(outer, OUTER, runId)).status).toBe('waiting_for_approval');
  return { answer, runId, ours, theirs: await found(inner, INNER) };
}

const approve = (stack: Stack, key: string, { run_id, request }: Pending['data'][number], choice: string) =>
  call<{ resolved?: number }>(at(stack), key, `/v1/runs/${run_id}/approval`, {
    choice,
    request_id: request.request_id,
  });

const eventsOf = async (runId: string): Promise<string> =>
  (await openAnswer(`${at(outer).url}/v1/runs/${runId}/events`, { headers: headersOf(OUTER) })).whole;

/** Nobody is asked for anything any longer, here and there. */
async function nothingPending(): Promise<void> {
  expect(await pendingAt(outer, OUTER)).toEqual([]);
  expect(await pendingAt(inner, INNER)).toEqual([]);
}

test('an approval of the inner gateway is one of the outer run, and the inner tool is the only one that runs', async () => {
  const { answer, runId, ours, theirs } = await askedRun({ 'x-session-id': 'trip' });
  expect(await approve(outer, OUTER, ours, 'once')).toMatchObject({ resolved: 1 });
  const text = await answer.whole;
  expect(plain(text)).toMatchObject({ finish: 'stop', error: null });
  expect(text).toContain('"status":"waiting_for_approval"');
  expect(text).toContain('"status":"approved"');
  const done = await run(outer, OUTER, runId);
  expect(done).toMatchObject({ status: 'completed', output: expect.stringContaining('word0') });
  expect(done.items.filter(({ type }) => type === 'tool_call')).toMatchObject([{ name: 'current_time' }]);
  expect(done.usage.input_tokens).toBe((await run(inner, INNER, theirs.run_id)).usage.input_tokens);
  const events = await eventsOf(runId);
  expect(events).toContain(`"choice":"once"`);
  expect(events.match(/"event":"tool.completed"/g)).toHaveLength(1);
  // One tool of the model's gateway, offered once.
  expect(models.requests.at(-1)?.body['tools']).toHaveLength(1);
  await nothingPending();
});

test('a denial is passed on, and no words of the inner gateway are in the answer', async () => {
  const { answer, runId, ours, theirs } = await askedRun();
  await approve(outer, OUTER, ours, 'deny');
  const text = await answer.whole;
  expect(plain(text).finish).toBe('stop');
  expect(text).toContain('"status":"denied"');
  expect((await run(inner, INNER, theirs.run_id)).items.find(({ type }) => type === 'tool_call')?.output).toContain(
    'denied this call',
  );
  expect((await run(outer, OUTER, runId)).output).not.toContain('/inbox');
  await nothingPending();
});

test('an approval that somebody answers inside is resolved outside; a later answer outside is refused', async () => {
  const { answer, runId, ours, theirs } = await askedRun({ 'x-session-id': 'shared' });
  await approve(inner, INNER, theirs, 'session');
  expect(plain(await answer.whole).finish).toBe('stop');
  expect(await eventsOf(runId)).toContain('"choice":"session"');
  expect(await approve(outer, OUTER, ours, 'deny')).toMatchObject({ error: { code: 'approval_not_pending' } });
  await nothingPending();
});

test('a stop while the inner gateway waits ends both runs', async () => {
  const { answer, runId, theirs } = await askedRun();
  await call(at(outer), OUTER, `/v1/runs/${runId}/stop`, {});
  await until(async () => (await run(outer, OUTER, runId)).status === 'cancelled');
  await until(async () => (await run(inner, INNER, theirs.run_id)).status === 'cancelled');
  await nothingPending();
  answer.leave();
});

test('the outer worker dies while the inner gateway waits: nothing is left open, and the gateway is asked again', async () => {
  const { answer, runId, ours, theirs } = await askedRun();
  await outer.workers[0]?.kill();
  await outer.start('worker');
  await until(async () => (await run(inner, INNER, theirs.run_id)).status === 'cancelled');
  // The inner model reads of the call in the conversation, and does not make it again.
  expect(plain(await answer.whole).finish).toBe('stop');
  const { items } = await run(outer, OUTER, runId);
  expect(items.filter(({ type }) => type === 'tool_call')).toMatchObject([
    { name: 'current_time', output: expect.stringContaining('outcome of this call is unknown') },
  ]);
  expect(await approve(outer, OUTER, ours, 'once')).toMatchObject({ error: { code: 'approval_not_pending' } });
  await nothingPending();
});

test('turns of a session are turns of one session inside', async () => {
  for (let turn = 0; turn < 2; turn++) await (await chat('thinks', { 'x-session-id': 'walk' })).whole;
  await until(async () => {
    const { data } = await call<{ data: readonly { id: string; runs: number }[] }>(at(inner), INNER, '/api/sessions');
    return data.some(({ id, runs }) => /^[0-9a-f]{12}-walk$/.test(id) && runs === 2);
  });
  // The whole conversation, once: the inner gateway has it, and does not take it from the body again.
  expect(models.requests.at(-1)?.body['messages']).toMatchObject([
    { role: 'user' },
    { role: 'assistant' },
    { role: 'user' },
  ]);
});

test('reasoning and its count are carried', async () => {
  const text = await (await chat('thinks')).whole;
  expect(text).toContain('"reasoning_content":');
  expect(text).toMatch(/"reasoning_tokens":[1-9]/);
});

test('our stop is their stop', async () => {
  const answer = await chat('talks');
  const runId = String(answer.response.headers['x-run-id']);
  await until(async () => models.active === 1);
  const theirs = (await innerRuns()).find(({ status }) => status === 'running');
  await call(at(outer), OUTER, `/v1/runs/${runId}/stop`, {});
  await until(async () => (await run(outer, OUTER, runId)).status === 'cancelled');
  await until(async () => (await run(inner, INNER, theirs?.run_id ?? '')).status === 'cancelled');
  await until(async () => models.active === 0);
  answer.leave();
});

test('the inner API dies in the middle: our run fails, and its stream does not look finished', async () => {
  const answer = await chat('talks');
  const runId = String(answer.response.headers['x-run-id']);
  await until(async () => models.active === 1);
  await until(async () => (await run(outer, OUTER, runId)).output !== '');
  await at(inner, 1).kill();
  const text = await answer.whole;
  expect(text).toContain('"code":"upstream_cut"');
  expect(plain(text).finish).toBeNull();
  expect(await run(outer, OUTER, runId)).toMatchObject({ status: 'failed', error: { code: 'upstream_cut' } });
});
