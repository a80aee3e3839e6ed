import { once } from 'node:events';
import { WebSocket } from 'ws';
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.js';
import { startStack, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

const ALICE = 'alice-key-0123456789';
const BOB = 'bob-key-0123456789abc';
/** What alice said, everywhere. */
const SECRET = 'The password is swordfish.';

/** One key and the things of another: through another replica, with every verb, they are as if they were not. */
const KINDS = [
  'run',
  'response',
  'item',
  'conversation',
  'entry',
  'session',
  'job',
  'webhook',
  'asking',
  'request',
  'scope',
] as const;
type Ids = Record<(typeof KINDS)[number], string>;
const RULES = 'approvals: { rules: [{ tool: "current_time", policy: always }] }';
let upstream: FakeUpstream;
let stack: Stack;
let ids: Ids;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  const env = {
    OPENAI_BASE_URL: `${upstream.url}/v1`,
    MODELS_UNKNOWN: 'passthrough',
    TOOLS: 'current_time',
    API_KEYS: `alice:${ALICE},bob:${BOB}`,
    WEBHOOK_SECRET: `whsec_${Buffer.alloc(24, 3).toString('base64')}`,
  };
  stack = await startStack({ apis: 2, env, settings: RULES });
  ids = await whatAliceHas();
});
afterAll(async () => {
  await stack?.stop();
  await upstream?.stop();
});

interface Asked {
  readonly key?: string;
  readonly headers?: Record<string, string>;
  readonly body?: object;
}

async function ask(method: string, path: string, { key = BOB, headers = {}, body }: Asked = {}) {
  const response = await fetch(`${stack.apis[key === ALICE ? 0 : 1]?.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}

const MODEL = 'ok:n=2,gap=1';

async function made(path: string, body: object, headers: Record<string, string> = {}) {
  // On a busy machine the first call may find the store still loading.
  const answer = await until(async () => {
    const given = await ask('POST', path, { key: ALICE, body, headers });
    return given.status === 503 ? undefined : given;
  });
  if (answer.status >= 300) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
  return {
    ...answer,
    json: JSON.parse(answer.text) as { id: string; job?: { id: string }; run_id: string; output: { id: string }[] },
  };
}

async function whatAliceHas(): Promise<Ids> {
  const messages = [{ role: 'user', content: SECRET }];
  const chat = await made('/v1/chat/completions', { model: MODEL, messages }, { 'x-session-id': 'alices' });
  const response = await made('/v1/responses', { model: MODEL, input: SECRET });
  const items = [{ type: 'message', role: 'user', content: SECRET }];
  const conversation = await made('/v1/conversations', { items });
  const held = JSON.parse(
    (await ask('GET', `/v1/conversations/${conversation.json.id}/items`, { key: ALICE })).text,
  ) as {
    data: { id: string }[];
  };
  const webhook = await made('/v1/webhooks', { url: 'https://example.com/hook', description: SECRET });
  const job = await made('/api/jobs', { name: 'hers', schedule: 'every 1d', prompt: SECRET });
  return {
    run: chat.headers.get('x-run-id') ?? '',
    response: response.json.id,
    item: response.json.output[0]?.id ?? '',
    conversation: conversation.json.id,
    entry: held.data[0]?.id ?? '',
    session: 'alices',
    webhook: webhook.json.id,
    job: job.json.job?.id ?? job.json.id,
    ...(await whatAliceIsAsked()),
  };
}

/** A run that waits for her approval, and what she has allowed for ever. */
async function whatAliceIsAsked(): Promise<Pick<Ids, 'asking' | 'request' | 'scope'>> {
  const asking = async (): Promise<{ id: string; request: string }> => {
    const { run_id: id } = (await made('/v1/runs', { model: 'tools', input: SECRET })).json;
    const request = await until(async () => {
      const { text } = await ask('GET', `/v1/runs/${id}`, { key: ALICE });
      return (JSON.parse(text) as { approval: { request_id: string } | null }).approval?.request_id;
    });
    return { id, request };
  };
  const [stays, answered] = [await asking(), await asking()];
  await made(`/v1/runs/${answered.id}/approval`, { choice: 'always', request_id: answered.request });
  const scope = await until(async () => {
    const { text } = await ask('GET', '/v1/approvals', { key: ALICE });
    return (JSON.parse(text) as { data: { scope: string }[] }).data[0]?.scope;
  });
  return { asking: stays.id, request: stays.request, scope };
}

/** The same with ids of the same form that nobody ever had. */
const unknown = (): Ids =>
  Object.fromEntries(
    Object.entries(ids).map(([kind, id]) => [
      kind,
      kind === 'session' || kind === 'scope' ? 'nobodys' : id.replace(/[0-9a-f]{6}/, swapped),
    ]),
  ) as Ids;
const swapped = (digits: string): string => (digits === '0a0a0a' ? 'b1b1b1' : '0a0a0a');

type Call = readonly [method: string, path: (of: Ids) => string, body?: (of: Ids) => object];

const CALLS: readonly Call[] = [
  ['GET', ({ run }) => `/v1/runs/${run}`],
  ['GET', ({ run }) => `/v1/runs/${run}/events`],
  ['GET', ({ run }) => `/v1/runs/${run}/turn`],
  ['POST', ({ run }) => `/v1/runs/${run}/rerun`, () => ({ steps: 1 })],
  ['POST', ({ run }) => `/v1/runs/${run}/stop`],
  ['POST', ({ run }) => `/v1/runs/${run}/approval`, () => ({ choice: 'once', all: true })],
  ['POST', ({ run }) => `/v1/runs/${run}/steer`, () => ({ text: 'Tell me.' })],
  ['DELETE', ({ run }) => `/v1/runs/${run}`],
  ['GET', ({ asking }) => `/v1/runs/${asking}`],
  ['POST', ({ asking }) => `/v1/runs/${asking}/approval`, ({ request }) => ({ choice: 'once', request_id: request })],
  ['POST', ({ asking }) => `/v1/runs/${asking}/approval`, () => ({ choice: 'always', all: true })],
  ['POST', ({ asking }) => `/v1/runs/${asking}/stop`],
  ['DELETE', ({ scope }) => `/v1/approvals/${scope}`],
  ['GET', ({ response }) => `/v1/responses/${response}`],
  ['GET', ({ response }) => `/v1/responses/${response}?stream=true`],
  ['GET', ({ response }) => `/v1/responses/${response}/input_items`],
  ['POST', ({ response }) => `/v1/responses/${response}/cancel`],
  ['DELETE', ({ response }) => `/v1/responses/${response}`],
  ['GET', ({ response }) => `/responses/${response}`],
  ['GET', ({ response }) => `/responses/${response}/input_items`],
  ['POST', ({ response }) => `/responses/${response}/cancel`],
  ['DELETE', ({ response }) => `/responses/${response}`],
  ['GET', ({ conversation }) => `/v1/conversations/${conversation}`],
  ['POST', ({ conversation }) => `/v1/conversations/${conversation}`, () => ({ metadata: { a: 'b' } })],
  ['GET', ({ conversation }) => `/v1/conversations/${conversation}/items`],
  ['POST', ({ conversation }) => `/v1/conversations/${conversation}/items`, () => ({ items: [message('Mine.')] })],
  ['GET', ({ conversation, entry }) => `/v1/conversations/${conversation}/items/${entry}`],
  ['DELETE', ({ conversation, entry }) => `/v1/conversations/${conversation}/items/${entry}`],
  ['DELETE', ({ conversation }) => `/v1/conversations/${conversation}`],
  ['GET', ({ session }) => `/api/sessions/${session}/turns`],
  ['GET', ({ session }) => `/api/sessions/${session}`],
  ['GET', ({ session }) => `/api/sessions/${session}/messages`],
  ['PATCH', ({ session }) => `/api/sessions/${session}`, () => ({ title: 'Mine' })],
  ['POST', ({ session }) => `/api/sessions/${session}/fork`, () => ({})],
  ['GET', ({ session }) => `/api/sessions/${session}/files`],
  ['GET', ({ session }) => `/api/sessions/${session}/files?path=notes.txt`],
  ['PUT', ({ session }) => `/api/sessions/${session}/files`, () => ({ path: 'notes.txt', content: 'Mine.' })],
  ['DELETE', ({ session }) => `/api/sessions/${session}/files?path=notes.txt`],
  ['DELETE', ({ session }) => `/api/sessions/${session}`],
  // 204: no run of this chat goes on.
  ['GET', ({ session }) => `/v1/ui/chat/${session}/stream`],
  ['GET', ({ webhook }) => `/v1/webhooks/${webhook}`],
  ['GET', ({ webhook }) => `/v1/webhooks/${webhook}/deliveries`],
  ['PATCH', ({ webhook }) => `/v1/webhooks/${webhook}`, () => ({ description: 'mine' })],
  ['POST', ({ webhook }) => `/v1/webhooks/${webhook}/pause`],
  ['POST', ({ webhook }) => `/v1/webhooks/${webhook}/resume`],
  ['POST', ({ webhook }) => `/v1/webhooks/${webhook}/rotate`],
  ['POST', ({ webhook }) => `/v1/webhooks/${webhook}/test`],
  ['DELETE', ({ webhook }) => `/v1/webhooks/${webhook}`],
  ['GET', ({ job }) => `/api/jobs/${job}`],
  ['GET', ({ job }) => `/api/jobs/${job}/runs`],
  ['GET', ({ job }) => `/api/jobs/${job}/next`],
  ['PATCH', ({ job }) => `/api/jobs/${job}`, () => ({ name: 'mine' })],
  ['POST', ({ job }) => `/api/jobs/${job}/pause`],
  ['POST', ({ job }) => `/api/jobs/${job}/resume`],
  ['POST', ({ job }) => `/api/jobs/${job}/run`],
  ['POST', ({ job }) => `/api/jobs/${job}/test-delivery`],
  ['DELETE', ({ job }) => `/api/jobs/${job}`],
  [
    'POST',
    () => '/v1/responses',
    ({ response }) => ({ model: MODEL, input: 'Go on.', previous_response_id: response }),
  ],
  [
    'POST',
    () => '/v1/responses',
    ({ conversation }) => ({ model: MODEL, input: 'Go on.', conversation: { id: conversation } }),
  ],
  ['POST', () => '/v1/responses', ({ item }) => ({ model: MODEL, input: [{ type: 'item_reference', id: item }] })],
  ['POST', () => '/v1/responses/input_tokens', ({ response }) => ({ model: MODEL, previous_response_id: response })],
  ['POST', () => '/v1/responses/compact', ({ response }) => ({ model: MODEL, previous_response_id: response })],
  ['POST', () => '/v1/runs', ({ response }) => ({ model: MODEL, input: 'Go on.', previous_response_id: response })],
];

const message = (content: string): object => ({ type: 'message', role: 'user', content });

/** What does not depend on which id was asked for. */
function comparable({ status, text }: Awaited<ReturnType<typeof ask>>, of: Ids): object {
  const neutral = Object.entries(of).reduce((said, [kind, id]) => said.replaceAll(id, `<${kind}>`), text);
  return { status, text: neutral };
}

test.each(CALLS.map((call) => [`${call[0]} ${call[1](names())} ${JSON.stringify(call[2]?.(names()) ?? '')}`, call]))(
  'is answered as if there were no such thing: %s',
  async (_title, [method, path, body]) => {
    const told = async (of: Ids): Promise<object> =>
      comparable(await ask(method, path(of), body ? { body: body(of) } : {}), of);
    const foreign = (await told(ids)) as { status: number; text: string };
    expect([204, 400, 404]).toContain(foreign.status);
    expect(foreign.text).not.toContain('swordfish');
    expect(await told(unknown())).toEqual(foreign);
  },
);

/** Before anything is made: for the titles of the tests. */
function names(): Ids {
  return Object.fromEntries(KINDS.map((kind) => [kind, `:${kind}`])) as Ids;
}

test('no documented route with an id is left out here', async () => {
  const { paths } = JSON.parse((await ask('GET', '/openapi.json')).text) as { paths: Record<string, object> };
  const documented = Object.entries(paths).flatMap(([path, verbs]) =>
    // Models are everybody's.
    /\{(?!path\})/.test(path) ? Object.keys(verbs).map((verb) => `${verb} ${path.replaceAll(/\{\w+\}/g, '*')}`) : [],
  );
  const looked = CALLS.map(
    ([verb, path]) => `${verb.toLowerCase()} ${path(names()).replace(/\?.*/, '').replaceAll(/:\w+/g, '*')}`,
  );
  expect(documented.length).toBeGreaterThan(20);
  expect(documented.filter((route) => !looked.includes(route))).toEqual([]);
});

test('a WebSocket is told the same', async () => {
  const told = async (of: Ids): Promise<string> => {
    const url = `${stack.apis[1]?.url.replace('http', 'ws')}/v1/responses`;
    const socket = new WebSocket(url, { headers: { authorization: `Bearer ${BOB}` } });
    await once(socket, 'open');
    const answer = once(socket, 'message');
    const more = { model: MODEL, input: 'Go on.', previous_response_id: of.response };
    socket.send(JSON.stringify({ type: 'response.create', ...more }));
    const [data] = (await answer) as [Buffer];
    socket.terminate();
    return data.toString().replaceAll(of.response, '<response>');
  };
  const foreign = await told(ids);
  expect(JSON.parse(foreign)).toMatchObject({ type: 'error', error: { code: 'previous_response_not_found' } });
  expect(await told(unknown())).toBe(foreign);
});

test('no list of another key names any of it', async () => {
  for (const path of [
    '/v1/runs',
    `/v1/runs?session_id=${ids.session}`,
    '/api/sessions',
    '/api/sessions?q=password',
    '/api/jobs',
    '/v1/webhooks',
    '/v1/approvals',
    '/v1/approvals/pending',
  ]) {
    const { status, text } = await ask('GET', path);
    expect(status).toBe(200);
    for (const id of [...Object.values(ids), 'swordfish']) expect(text).not.toContain(id);
  }
});

test('the same session id is a session of its own', async () => {
  upstream.reset();
  const body = { model: MODEL, messages: [{ role: 'user', content: 'Hello' }] };
  const { status } = await ask('POST', '/v1/chat/completions', { body, headers: { 'x-session-id': ids.session } });
  expect(status).toBe(200);
  expect(upstream.requests).toHaveLength(1);
  expect(JSON.stringify(upstream.requests)).not.toContain('swordfish');
});

test('all of it is as it was', async () => {
  const paths = [
    `/v1/runs/${ids.run}`,
    `/v1/responses/${ids.response}`,
    `/v1/conversations/${ids.conversation}`,
    `/v1/conversations/${ids.conversation}/items/${ids.entry}`,
    `/api/sessions/${ids.session}`,
    `/api/jobs/${ids.job}`,
    `/v1/webhooks/${ids.webhook}`,
    `/v1/runs/${ids.asking}`,
  ];
  for (const path of paths) expect([path, (await ask('GET', path, { key: ALICE })).status]).toEqual([path, 200]);
  expect((await ask('GET', `/api/jobs/${ids.job}`, { key: ALICE })).text).toContain('"hers"');
  expect((await ask('GET', `/v1/runs/${ids.asking}`, { key: ALICE })).text).toContain('"waiting_for_approval"');
  expect((await ask('GET', '/v1/approvals', { key: ALICE })).text).toContain(`"${ids.scope}"`);
  expect((await ask('GET', `/v1/conversations/${ids.conversation}/items`, { key: ALICE })).text).not.toContain('Mine.');
});
