import type { ModelRequest } from '#libs/contract';
import { createProvider, modelRoute, RefusedMemory } from '#libs/providers';
import { openModelStream } from '../../../libs/agent/src/open-model-stream.js';
import { startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { ask, gatewayError, question, upstreamSettings, type Heard } from '../../support/model-lab.js';

let upstream: FakeUpstream;
beforeAll(async () => {
  upstream = await startFakeUpstream();
});
afterAll(() => upstream.stop());
beforeEach(() => upstream.reset());

const chat = (name = 'lab') => createProvider(upstreamSettings('openai', { name, baseUrl: `${upstream.url}/v1` }));
const messages = () => createProvider(upstreamSettings('anthropic', { baseUrl: upstream.url }));
const whole = (content: string): object => ({
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
});
const refusal = (message: string, status = 400) => ({
  status,
  body: { error: { message, type: 'invalid_request_error' } },
});
const asked = (name: string, overrides: Partial<ModelRequest> = {}): Promise<Heard> =>
  ask([{ provider: chat() }], question(`answer:name=${name}`, overrides));
const leftOut = ({ events }: Heard): unknown =>
  events.flatMap((event) => (event.type === 'left_out' ? event.fields : []));
const tool = { name: 'lookup', parameters: { type: 'object', properties: {} } };

test('fields that are refused one after the other are left out, and named', async () => {
  upstream.answers.set('strict', (body) => {
    const [name] = ['temperature', 'top_p', 'seed'].filter((field) => field in body);
    return name === undefined ? { body: whole('A') } : refusal(`'${name}' is not supported with this model`);
  });
  const heard = await asked('strict', { sampling: { temperature: 0.2, topP: 0.5, seed: 1, outputTokensMax: 9 } });
  expect(heard).toMatchObject({ text: 'A', end: { finishReason: 'stop' } });
  expect(leftOut(heard)).toEqual(['temperature', 'top_p', 'seed']);
  expect(upstream.requests.at(-1)?.body).toMatchObject({ max_tokens: 9 });
});

test('the same in the Messages API', async () => {
  upstream.answers.set('claude', (body) =>
    'temperature' in body
      ? {
          status: 400,
          body: {
            type: 'error',
            error: { type: 'invalid_request_error', message: '`temperature` is deprecated for this model.' },
          },
        }
      : { body: { content: [{ type: 'text', text: 'A' }], stop_reason: 'end_turn' } },
  );
  const heard = await ask(
    [{ provider: messages() }],
    question('answer:name=claude', { sampling: { temperature: 0.2 } }),
  );
  expect(heard.text).toBe('A');
  expect(leftOut(heard)).toEqual(['temperature']);
});

test('a beta that an upstream refuses by name is left out and named, and remembered for this model', async () => {
  const message =
    'Unexpected value(s) `made-up-2026-01-01` for the `anthropic-beta` header. Please consult our documentation.';
  upstream.answers.set('beta', () =>
    String(upstream.requests.at(-1)?.headers['anthropic-beta']).includes('made-up')
      ? { status: 400, body: { type: 'error', error: { type: 'invalid_request_error', message } } }
      : { body: { content: [{ type: 'text', text: 'A' }], stop_reason: 'end_turn' } },
  );
  const memory = new RefusedMemory();
  const betas = ['known-2025-01-01', 'made-up-2026-01-01', 'made-up-2026-01-01-b'];
  const run = (names: readonly string[]): Promise<Heard> => {
    const sampling = { messagesApi: { fields: {}, betas: names } };
    return ask([{ provider: messages() }], question('answer:name=beta', { sampling }), memory);
  };
  const heard = await run(betas.slice(0, 2));
  expect(heard.text).toBe('A');
  expect(leftOut(heard)).toEqual(['anthropic-beta.made-up-2026-01-01']);
  expect(upstream.requests.map(({ headers }) => headers['anthropic-beta'])).toEqual([
    betas.slice(0, 2).join(','),
    'known-2025-01-01',
  ]);
  await run(betas.slice(0, 2));
  expect(upstream.requests).toHaveLength(3);
  // Another name is another beta, and one that is refused a second time is not asked for ever.
  expect(gatewayError(await run(betas)).code).toBe('upstream_refused');
});

test('an upstream that refuses everything is asked a bounded number of times', async () => {
  upstream.answers.set('never', (body) => refusal(`Unknown parameter: ${Object.keys(body).at(-1)}`));
  const heard = await asked('never', { sampling: { temperature: 1, topP: 1, seed: 1, logprobs: true } });
  expect(gatewayError(heard).code).toBe('upstream_refused');
  expect(upstream.requests.length).toBeLessThanOrEqual(9);
});

test('what was refused is remembered by upstream and model, for other runs and not for ever', async () => {
  upstream.answers.set('once', (body) => ('seed' in body ? refusal("'seed' is not supported") : { body: whole('A') }));
  let now = 0;
  const memory = new RefusedMemory(() => now);
  const request = question('answer:name=once', { sampling: { seed: 1 } });
  const run = async (name = 'lab'): Promise<number> => {
    upstream.requests.length = 0;
    const route = modelRoute('m', [{ provider: chat(name), model: request.model }], memory);
    const { leftOut: told, events } = await openModelStream(route, request);
    for await (const event of events) expect(event.type).not.toBe('left_out');
    expect(told).toEqual(['seed']);
    return upstream.requests.length;
  };
  expect(await run()).toBe(2);
  expect(await run()).toBe(1);
  expect(await run('other')).toBe(2);
  now = 2 * 3_600_000;
  expect(await run()).toBe(2);
});

test('a value that is refused for one caller is sent for another with a better one', async () => {
  upstream.answers.set('only-1', ({ temperature }) =>
    temperature === undefined || temperature === 1
      ? { body: whole(`with ${String(temperature)}`) }
      : refusal('invalid temperature: only 1 is allowed'),
  );
  const memory = new RefusedMemory();
  const run = async (temperature: number): Promise<Heard> => {
    const request = question('answer:name=only-1', { sampling: { temperature } });
    return await ask([{ provider: chat() }], request, memory);
  };
  expect((await run(0.7)).text).toBe('with undefined');
  const better = await run(1);
  expect([better.text, leftOut(better)]).toEqual(['with 1', []]);
});

test('server tools are left out for a model that takes none; tools of the caller are not', async () => {
  upstream.answers.set('no-tools', (body) =>
    'tools' in body ? refusal('m does not support tools') : { body: whole('A') },
  );
  const heard = await asked('no-tools', {
    tools: [tool],
    toolsAreOptional: true,
    sampling: { parallelToolCalls: false },
  });
  expect([heard.text, leftOut(heard)]).toEqual(['A', ['tools']]);
  expect(upstream.requests.at(-1)?.body).not.toHaveProperty('parallel_tool_calls');
  const memory = new RefusedMemory();
  for (const toolsAreOptional of [true, false]) {
    const request = question('answer:name=no-tools', { tools: [tool], toolsAreOptional });
    const { text, error } = await ask([{ provider: chat() }], request, memory);
    expect(toolsAreOptional ? text : String(error)).toMatch(toolsAreOptional ? 'A' : 'does not support tools');
  }
});

test('a server that refuses one name of the output limit is given the other, and nothing was left out', async () => {
  upstream.answers.set('azure', (body) =>
    'max_tokens' in body
      ? refusal(
          "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        )
      : { body: whole(`limit ${String(body['max_completion_tokens'])}`) },
  );
  const heard = await asked('azure', { sampling: { outputTokensMax: 100 } });
  expect([heard.text, leftOut(heard)]).toEqual(['limit 100', []]);
});

test('stream_options that are refused are left out, the stream stays, and nothing is told: nobody asked for them', async () => {
  upstream.answers.set('plain-stream', (body) =>
    'stream_options' in body
      ? {
          status: 422,
          body: {
            detail: [
              { loc: ['body', 'stream_options'], msg: 'Extra inputs are not permitted', type: 'extra_forbidden' },
            ],
          },
        }
      : {
          headers: { 'content-type': 'text/event-stream' },
          body: `data: ${JSON.stringify({ choices: [{ delta: { content: String(body['stream']) }, finish_reason: 'stop' }] })}\n\n`,
        },
  );
  const heard = await asked('plain-stream');
  expect([heard.text, leftOut(heard)]).toEqual(['true', []]);
});

test('a refusal that comes as the first event of a stream is a refusal, too', async () => {
  upstream.answers.set('late', (body) => ({
    headers: { 'content-type': 'text/event-stream' },
    body:
      'seed' in body
        ? 'data: {"error":{"code":400,"message":"seed is not supported"}}\n\n'
        : 'data: {"choices":[{"delta":{"content":"A"},"finish_reason":"stop"}]}\n\n',
  }));
  expect(leftOut(await asked('late', { sampling: { seed: 1 } }))).toEqual(['seed']);
});

test.each<[string, string]>([
  ['chatcmpl-tool-0123456789012345678901234567890123', 'of 40 letters'],
  ['functions.f:0', 'of 40 letters'],
  ['call_0123456789', 'short'],
])('the call id %s is made fit for the next upstream: %s', async (callId, form) => {
  const fits = form === 'short' ? /^[a-zA-Z0-9]{9}$/ : /^[a-zA-Z0-9_-]{1,40}$/;
  upstream.answers.set('ids', ({ messages: sent }) => {
    const [, call, result] = sent as { tool_calls: { id: string }[]; tool_call_id: string }[];
    const id = call?.tool_calls[0]?.id ?? '';
    if (!fits.test(id)) return refusal(`Tool call id was ${id} but must be a-z, A-Z, 0-9, with a length of 9.`);
    return { body: whole(id === result?.tool_call_id ? 'same' : 'different') };
  });
  const heard = await asked('ids', {
    messages: [
      { role: 'user', content: 'hi' },
      { role: 'assistant', text: '', toolCalls: [{ callId, name: 'f', arguments: '{}' }] },
      { role: 'tool', callId, output: 'done' },
    ],
  });
  expect([heard.text, leftOut(heard)]).toEqual(['same', []]);
});

test('a fallback answers for a model that the first upstream does not have', async () => {
  upstream.answers.set('gone', (_body, earlier) =>
    earlier === 0 ? refusal('no such model', 404) : { body: whole('B') },
  );
  const heard = await ask([{ provider: chat('a') }, { provider: chat('b') }], question('answer:name=gone'));
  expect(heard.text).toBe('B');
});

test('a wait that stands in the body only is waited for, a long one is told', async () => {
  const said = (retryDelay: string) => ({
    status: 429,
    body: [{ error: { code: 429, message: 'Quota.', status: 'RESOURCE_EXHAUSTED', details: [{ retryDelay }] } }],
  });
  upstream.answers.set('wait', (_body, earlier) => (earlier === 0 ? said('1s') : { body: whole('A') }));
  expect((await ask([{ provider: chat(), retriesMax: 1 }], question('answer:name=wait'))).text).toBe('A');
  const [first, second] = upstream.requests;
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(900);
  upstream.answers.set('long', () => said('3600s'));
  const error = gatewayError(await ask([{ provider: chat(), retriesMax: 5 }], question('answer:name=long')));
  expect([error.code, error.retryAfterSeconds]).toEqual(['upstream_rate_limited', 3_600]);
});

test('a redirect says that the address has moved, and is not asked for again', async () => {
  upstream.answers.set('moved', () => ({ status: 308, headers: { location: 'https://example.invalid/v1' }, body: '' }));
  const error = gatewayError(await asked('moved'));
  expect([error.code, error.message]).toEqual(['upstream_invalid', expect.stringMatching(/redirects.*https/)]);
  expect(upstream.requests).toHaveLength(1);
});

test('the words of a refusal reach the caller without secrets', async () => {
  upstream.answers.set('plain', () => ({
    status: 400,
    headers: { 'content-type': 'text/plain' },
    body: 'WORDS sk-lab-0123456789abcdef',
  }));
  expect(gatewayError(await asked('plain')).message).toBe("Upstream 'lab' refused the request: WORDS [redacted]");
});

test('fields that have no place in the Messages API are named', async () => {
  const heard = await ask([{ provider: messages() }], question('ok', { sampling: { extra: { min_p: 0.1 } } }));
  expect(leftOut(heard)).toEqual(['min_p']);
});
