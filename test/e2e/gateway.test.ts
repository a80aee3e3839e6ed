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

test('tools and an approval of the inner gateway are shown outside, and its own tool is the only one that runs', async () => {
  const answer = await chat('asks', { 'x-session-id': 'trip' });
  const runId = String(answer.response.headers['x-run-id']);
  let waiting: Pending['data'] = [];
  await until(async () => {
    waiting = (await call<Pending>(at(inner), INNER, '/v1/approvals/pending')).data;
    return waiting.length === 1;
  });
  const [{ run_id: theirs, request }] = waiting as [Pending['data'][number]];
  expect((await run(outer, OUTER, runId)).status).toBe('running');
  await call(at(inner), INNER, `/v1/runs/${theirs}/approval`, { choice: 'once', request_id: request.request_id });

  const text = await answer.whole;
  expect(plain(text)).toMatchObject({ finish: 'stop', error: null });
  const done = await run(outer, OUTER, runId);
  expect(done).toMatchObject({ status: 'completed', output: expect.stringContaining('word0') });
  expect(done.items.filter(({ type }) => type === 'tool_call')).toMatchObject([{ name: 'current_time' }]);
  expect(done.usage.input_tokens).toBe((await run(inner, INNER, theirs)).usage.input_tokens);
  const events = await (
    await openAnswer(`${at(outer).url}/v1/runs/${runId}/events`, { headers: headersOf(OUTER) })
  ).whole;
  expect(events).toContain(`waiting for approval (request ${request.request_id} of run ${theirs} of the upstream)`);
  expect(events.match(/"event":"tool.completed"/g)).toHaveLength(1);
  // One tool of the model's gateway, offered once.
  expect(models.requests.at(-1)?.body['tools']).toHaveLength(1);
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
