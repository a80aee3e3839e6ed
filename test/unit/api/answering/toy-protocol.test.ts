import { GatewayError, outputText, type JsonObject, type LoggedEvent, type RunSnapshot } from '#libs/contract';
import { defineProtocol, IsString, NO_PREPARATION, PROTOCOLS, Required } from '#libs/protocols';
import type { IncomingHttpHeaders } from 'node:http';
import { startApiLab, type ApiLab } from '../../../support/api-lab.js';
import { stepStarted } from '../../../support/scripted-worker.js';
import type { Ask } from '../../../support/sse.js';
import { until } from '../../../support/until.js';

/** A protocol that exists only here. Nothing of the gateway knows it but the list that the API is started with. */
class ToyDto {
  @Required()
  @IsString()
  say: string;

  /** The run that this one continues. */
  @IsString()
  after?: string;
}

const toy = defineProtocol<ToyDto, number>({
  name: 'toy',
  path: '/toy/v1/talk',
  dto: ToyDto,
  routes: [
    {
      method: 'POST',
      path: '/toy/v1/talk/count',
      summary: 'How long it is',
      async answer({ body }) {
        const { say } = body as ToyDto;
        if (say === 'fail') throw new GatewayError('invalid_request', 'no', { param: 'say' });
        return { chars: say.length };
      },
    },
    {
      method: 'GET',
      path: '/toy/v1/ping',
      summary: 'Is it there?',
      isProbe: true,
      answer: async () => ({ pong: true }),
    },
  ],
  decode: ({ say, after }) => ({
    protocol: 'toy',
    model: null,
    messages: [{ role: 'user', content: say }],
    tools: [],
    toolChoice: { kind: 'auto' },
    sampling: {},
    onDisconnect: 'cancel',
    stream: true,
    echo: {},
    ...(after !== undefined && { parentId: after }),
  }),
  prepare: ({ run, turns }) => ({
    ...NO_PREPARATION,
    traits: () => ({ headers: { 'x-toy': 'prepared' }, answersAtOnce: false }),
    async complete(draft, { owner }) {
      const { parentId } = draft;
      if (parentId === undefined) return { draft };
      if (!(await run(parentId, owner))) throw new GatewayError('run_not_found', 'no such talk', { param: 'after' });
      return { draft: { ...draft, metadata: { turns: String((await turns(parentId)).length) } } };
    },
  }),
  begin: () => 0,
  encode: (said, event: LoggedEvent) =>
    event.type === 'text.delta' ? [said + 1, [{ event: 'word', data: event.text }]] : [said, []],
  keepalive: { event: 'beat', data: '*' },
  final: (snapshot: RunSnapshot) => ({ said: outputText(snapshot) }),
  error: ({ code }, request) => ({ toyError: code, id: request?.requestId ?? null }),
  errorStatus: ({ code }) => (code === 'invalid_request' ? 422 : 400),
  answerHeaders: ({ requestId }) => ({ 'toy-request': requestId }),
  models: {
    speaks: (headers) => headers['x-toy-client'] !== undefined,
    list: (models) => ({ toys: models.map(({ name }) => name) }),
    one: ({ name }) => ({ toy: name }),
  },
  capabilities: { features: ['toy_talk'], endpoints: { toy: { method: 'POST', path: '/toy/v1/talk' } } },
});

let lab: ApiLab;
beforeAll(async () => {
  const env = { SSE_KEEPALIVE_MS: '200', API_SERVER_CORS_ORIGINS: 'https://toys.example' };
  lab = await startApiLab(1, env, [...PROTOCOLS, toy]);
});
afterAll(() => lab?.close());

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: JsonObject;
}

async function ask(path: string, options: Ask = {}): Promise<Answer> {
  const { response, whole } = await lab.ask(path, options);
  return { status: response.statusCode, headers: response.headers, body: JSON.parse(await whole) as JsonObject };
}

const post = (path: string, body: object): Promise<Answer> => ask(path, { method: 'POST', body });

test('it streams in its own words, with its own keep-alive frame, headers and preparation', async () => {
  const known = await lab.runs();
  const asked = lab.ask('/toy/v1/talk', { method: 'POST', body: { say: 'hi' } });
  const worker = await lab.work(await lab.newRun(known));
  await worker.say({ type: 'run.started', attempt: 1, worker: 'w' }, stepStarted);
  const answer = await asked;
  const { headers } = answer.response;
  expect(headers['toy-request']).toBe(headers['x-request-id']);
  expect(headers['x-toy']).toBe('prepared');
  await worker.say({ type: 'text.delta', step: 1, text: 'hello' });
  await until(async () => answer.text().includes('event: beat\ndata: *\n\n'));
  expect(answer.text().split('event: word')[1]).not.toContain('keepalive');
  await worker.say({ type: 'run.failed', error: { code: 'internal_error', message: 'over' } });
  expect(await answer.whole).toContain('event: word\ndata: hello\n\n');
});

test('its other routes answer, and its errors have its shape and status on all of them', async () => {
  expect((await post('/toy/v1/talk/count', { say: 'abc' })).body).toEqual({ chars: 3 });
  const { status, headers, body } = await post('/toy/v1/talk/count', { say: 'fail' });
  expect([status, body]).toEqual([422, { toyError: 'invalid_request', id: headers['x-request-id'] }]);
  expect((await post('/toy/v1/talk', {})).body).toMatchObject({ toyError: 'missing_required_parameter' });
  expect((await post('/toy/v1/talk/nowhere', {})).body).toMatchObject({ toyError: 'not_found' });
  expect((await ask('/toy/v1/talk/count')).body).toMatchObject({ toyError: 'method_not_allowed' });
  const stranger = await fetch(`${lab.apis[0]?.url}/toy/v1/talk`, { method: 'POST', body: '{}' });
  expect(await stranger.json()).toMatchObject({ toyError: 'invalid_api_key' });
});

test('a probe needs no key', async () => {
  const probe = await fetch(`${lab.apis[0]?.url}/toy/v1/ping`);
  expect([probe.status, await probe.json()]).toEqual([200, { pong: true }]);
});

test('its preparation looks up earlier runs', async () => {
  const refused = await post('/toy/v1/talk', { say: 'and?', after: 'run_0123456789abcdef0123456789abcdef' });
  expect(refused.body).toMatchObject({ toyError: expect.stringMatching(/run_not_found|unavailable/) as string });
});

test('its clients read the models in its shape, also when something is wrong', async () => {
  const headers = { 'x-toy-client': '1' };
  expect((await ask('/v1/models', { headers })).body['toys']).toEqual(expect.arrayContaining([expect.any(String)]));
  expect((await ask('/v1/models/none', { headers })).body).toMatchObject({ toyError: 'model_not_found' });
  expect((await ask('/v1/models')).body).toMatchObject({ object: 'list' });
});

test('the capabilities and the document tell of it, and browsers may read its headers', async () => {
  const { features, endpoints } = (await ask('/v1/capabilities')).body;
  expect(features).toMatchObject({ toy_talk: true });
  expect(endpoints).toMatchObject({ toy: { method: 'POST', path: '/toy/v1/talk' } });
  const { paths } = (await ask('/openapi.json')).body;
  expect(Object.keys(paths as object)).toEqual(expect.arrayContaining(['/toy/v1/talk', '/toy/v1/talk/count']));
  const { headers } = await ask('/v1/models', { headers: { origin: 'https://toys.example' } });
  expect(headers['access-control-expose-headers']).toContain('toy-request');
});
