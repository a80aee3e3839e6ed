import type { ModelProvider, ModelRequest, UpstreamSettings } from '#libs/contract';
import { createProvider } from '#libs/providers';
import { startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { ask as askRoute, gatewayError, listen, question, upstreamSettings } from '../../support/model-lab.js';
import { until } from '../../support/until.js';
import { soon } from '../../support/hang.js';
import { withSlack } from '../../support/slack.js';

const WORDS = Array.from({ length: 8 }, (_, i) => `word${i} `).join('');
const FOREIGN = Array.from({ length: 8 }, (_, i) => `Grüße ${i} 🌍 `).join('');

let upstream: FakeUpstream;
beforeAll(async () => {
  upstream = await startFakeUpstream();
});
afterAll(() => upstream.stop());
beforeEach(() => upstream.reset());

/** Patient beyond the end of a test: what ends an answer earlier is the abort. */
const PATIENT = { firstByteTimeoutMs: 600_000, idleTimeoutMs: 600_000 };
const provider = (overrides: Partial<UpstreamSettings> = {}): ModelProvider =>
  createProvider(upstreamSettings('anthropic', { baseUrl: upstream.url, ...overrides }));
const ask = (model: string, overrides: Partial<UpstreamSettings> = {}) =>
  askRoute([{ provider: provider(overrides), retriesMax: overrides.retriesMax ?? 0 }], question(model));

/** The body that arrives at the upstream. */
async function sent(overrides: Partial<ModelRequest>): Promise<Record<string, unknown>> {
  await listen(provider(), question('ok', overrides));
  return upstream.requests.at(-1)?.body ?? {};
}

const PLAIN = {
  model: 'ok',
  max_tokens: 32_000,
  cache_control: { type: 'ephemeral' },
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Say something.' }] }],
  stream: true,
};

describe('requests', () => {
  test('a plain question', async () => {
    expect(await sent({})).toEqual(PLAIN);
  });

  test('what only this API has words for goes on as it came, with its betas', async () => {
    const fields = { context_management: { edits: [] }, cache_control: { type: 'ephemeral', ttl: '1h' } };
    const betas = ['context-management-2025-06-27', 'interleaved-thinking-2025-05-14'];
    expect(await sent({ sampling: { messagesApi: { fields, betas } } })).toEqual({ ...PLAIN, ...fields });
    expect(upstream.requests.at(-1)?.headers['anthropic-beta']).toBe(betas.join(','));
  });

  test('messages become alternating turns', async () => {
    const body = await sent({
      system: 'Be brief.',
      messages: [
        { role: 'user', content: 'Look' },
        {
          role: 'user',
          content: [
            { type: 'text', text: ' ' },
            { type: 'image', url: 'https://example.com/a.png' },
            { type: 'image', url: 'data:image/png;base64,AAAA' },
            { type: 'image', url: 'data:image/svg+xml,%3Csvg%FF' },
          ],
        },
        {
          role: 'assistant',
          text: 'Wait.',
          toolCalls: [
            { callId: 'c:1', name: 'a', arguments: '{"x":1}' },
            { callId: 'c2', name: 'a', arguments: '' },
            { callId: 'c3', name: 'a', arguments: '{"x"' },
          ],
        },
        { role: 'tool', callId: 'c:1', output: 'fine' },
        { role: 'tool', callId: 'c2', output: 'broken', isError: true },
        { role: 'tool', callId: 'c3', output: 'no JSON', isError: true },
        { role: 'user', content: 'And?' },
        { role: 'assistant', text: 'One.', toolCalls: [] },
        { role: 'assistant', text: '', toolCalls: [] },
        { role: 'assistant', text: '', refusal: 'No.', toolCalls: [] },
      ],
    });
    expect(body['system']).toBe('Be brief.');
    expect(body['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
          {
            type: 'image',
            source: {
              type: 'base64',
              media_type: 'image/svg+xml',
              data: Buffer.from('<svg\xff', 'latin1').toString('base64'),
            },
          },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Wait.' },
          { type: 'tool_use', id: 'c_1', name: 'a', input: { x: 1 } },
          { type: 'tool_use', id: 'c2', name: 'a', input: {} },
          { type: 'tool_use', id: 'c3', name: 'a', input: { invalid_arguments: '{"x"' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'c_1', content: 'fine' },
          { type: 'tool_result', tool_use_id: 'c2', content: 'broken', is_error: true },
          { type: 'tool_result', tool_use_id: 'c3', content: 'no JSON', is_error: true },
          { type: 'text', text: 'And?' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'One.' },
          { type: 'text', text: 'No.' },
        ],
      },
    ]);
  });

  test('a conversation begins with the user', async () => {
    const body = await sent({ messages: [{ role: 'assistant', text: 'Hello.', toolCalls: [] }] });
    expect((body['messages'] as { role: string }[]).map(({ role }) => role)).toEqual(['user', 'assistant']);
    expect(((await sent({ messages: [] }))['messages'] as object[])[0]).toMatchObject({ role: 'user' });
  });

  test('sampling fields that have a counterpart, within its bounds', async () => {
    const sampling = { temperature: 1.7, topP: 0.5, outputTokensMax: 9, stop: ['END'], user: 'u1', seed: 1 };
    expect(await sent({ sampling })).toEqual({
      ...PLAIN,
      temperature: 1,
      max_tokens: 9,
      stop_sequences: ['END'],
      metadata: { user_id: 'u1' },
    });
  });

  test('a format is asked for natively when it must hold, else in words', async () => {
    const schema = { type: 'object', properties: {} };
    const strict = { type: 'json_schema' as const, name: 'x', schema, strict: true };
    expect(await sent({ sampling: { responseFormat: strict } })).toEqual({
      ...PLAIN,
      output_config: { format: { type: 'json_schema', schema } },
    });
    const loose = await sent({ system: 'Core.', sampling: { responseFormat: { ...strict, strict: false } } });
    expect(loose['system']).toMatch(/^Core\.\n\nAnswer with one JSON object .*\{"type":"object","properties":\{\}\}$/s);
    expect((await sent({ sampling: { responseFormat: { type: 'json_object' } } }))['system']).toMatch(/JSON object/);
    expect(await sent({ sampling: { responseFormat: { type: 'text' } } })).toEqual(PLAIN);
  });

  const tools = [{ name: 'a', description: 'first', parameters: { type: 'object', required: ['x'] } }, { name: 'b' }];
  const a = { name: 'a', description: 'first', input_schema: { type: 'object', required: ['x'] } };
  const b = { name: 'b', input_schema: { type: 'object' } };
  test.each<[ModelRequest['toolChoice'], boolean | undefined, object]>([
    [{ kind: 'auto' }, undefined, { tools: [a, b] }],
    [{ kind: 'auto' }, false, { tools: [a, b], tool_choice: { type: 'auto', disable_parallel_tool_use: true } }],
    [{ kind: 'none' }, false, { tools: [a, b], tool_choice: { type: 'none' } }],
    [{ kind: 'required' }, true, { tools: [a, b], tool_choice: { type: 'any' } }],
    [{ kind: 'named', name: 'b' }, undefined, { tools: [a, b], tool_choice: { type: 'tool', name: 'b' } }],
    [
      { kind: 'allowed', mode: 'required', names: ['b'] },
      false,
      { tools: [b], tool_choice: { type: 'any', disable_parallel_tool_use: true } },
    ],
    [{ kind: 'allowed', mode: 'auto', names: [] }, undefined, {}],
  ])('tool choice %j, parallel %s', async (toolChoice, parallelToolCalls, expected) => {
    const sampling = { ...(parallelToolCalls !== undefined && { parallelToolCalls }) };
    expect(await sent({ tools, toolChoice, sampling })).toEqual({ ...PLAIN, ...expected });
  });
});

describe('answers', () => {
  const usage = { inputTokens: 10, outputTokens: 8, cachedInputTokens: 4, reasoningTokens: 0 };
  test.each([
    ['ok', WORDS],
    ['split', FOREIGN],
    ['split:crlf=1', FOREIGN],
    ['noise', WORDS],
    ['nodone', WORDS],
    ['dup-done', WORDS],
    ['held', WORDS],
    ['badjson:count=3', WORDS],
    ['emptychoices', WORDS],
    ['nullcontent', WORDS],
    ['json-instead-of-sse', WORDS],
    ['nostream', WORDS],
    ['cut:after=0', WORDS],
  ])('%s is read as a whole answer', async (model, text) => {
    const heard = await ask(model);
    expect(heard.error).toBeUndefined();
    expect(heard.text).toBe(text);
    expect(heard.end).toEqual({ type: 'end', finishReason: 'stop', usage });
  });

  test('thinking, refusals, the output limit, missing usage', async () => {
    expect(await ask('reasoning')).toMatchObject({ reasoning: 'I think.', text: WORDS });
    expect(await ask('refusal')).toMatchObject({ text: 'I will not.', end: { finishReason: 'content_filter' } });
    expect(await ask('length')).toMatchObject({ text: WORDS, end: { finishReason: 'length' } });
    expect((await ask('usage-missing')).end?.usage).toMatchObject({ inputTokens: 0, outputTokens: 0 });
  });

  test('a tool is called and its result answered', async () => {
    const tools = [
      { name: 'f', parameters: { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] } },
    ];
    for (const model of ['tools', 'json-tools']) {
      const first = await listen(provider(), question(model, { tools }));
      expect(first.calls).toEqual([{ callId: 'call_1', name: 'f', arguments: '{"n":1}' }]);
      expect(first.end?.finishReason).toBe('tool_calls');
    }
    const messages = [
      ...question('').messages,
      { role: 'assistant' as const, text: '', toolCalls: [{ callId: 'call_1', name: 'f', arguments: '{"n":1}' }] },
      { role: 'tool' as const, callId: 'call_1', output: 'found' },
    ];
    expect(await listen(provider(), question('tools', { tools, messages }))).toMatchObject({ text: WORDS });
  });

  test('a call without input has an empty object as its arguments', async () => {
    const heard = await listen(provider(), question('tools', { tools: [{ name: 'now' }] }));
    expect(heard.calls).toEqual([{ callId: 'call_1', name: 'now', arguments: '{}' }]);
    upstream.scripts.set('bare', [
      { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 'x', name: 'now', input: {} } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'tool_use' } },
    ]);
    expect((await ask('script:name=bare')).calls).toEqual([{ callId: 'x', name: 'now', arguments: '{}' }]);
  });
});

describe('failures', () => {
  test.each([
    ['auth', 'upstream_auth_failed'],
    ['404', 'upstream_refused'],
    ['413', 'upstream_refused'],
    ['429:ra=2', 'upstream_rate_limited'],
    ['529', 'upstream_error'],
    ['html', 'upstream_invalid'],
    ['badjson:count=4', 'upstream_invalid'],
    ['hugeline', 'upstream_invalid'],
    ['cut:after=3', 'upstream_cut'],
    ['eof:after=3', 'upstream_cut'],
    ['error-in-stream:code=overloaded_error', 'upstream_error'],
    ['error-in-stream:code=rate_limit_error', 'upstream_rate_limited'],
    ['error-in-stream:code=authentication_error', 'upstream_auth_failed'],
  ])('%s is %s, and nothing of the upstream shows', async (model, code) => {
    const error = gatewayError(await ask(model));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/^Upstream 'lab' [^\n]+\.$/);
    expect(error.message).not.toMatch(/secret|sk-lab|127\.0\.0\.1|db-7/);
  });

  test('a refusal shows what the upstream said, without secrets', async () => {
    const { message } = gatewayError(await ask('refused'));
    expect(message).toContain('No such field. You sent x-api-key [redacted]');
    expect(message).not.toMatch(/sk-lab|me:pw/);
  });

  test('silence is a timeout', async () => {
    expect(gatewayError(await ask('hang', { firstByteTimeoutMs: 150 })).code).toBe('upstream_timeout');
    const within = await ask('hang:after=2', { idleTimeoutMs: withSlack(500) });
    expect(gatewayError(within).code).toBe('upstream_timeout');
    expect(within.text).toBe('word0 word1 ');
  });

  test('an overloaded upstream is asked again, a refusing one is not', async () => {
    expect(await ask('529:times=1', { retriesMax: 2 })).toMatchObject({ text: WORDS });
    expect(upstream.requests).toHaveLength(2);
    await ask('refused', { retriesMax: 2 });
    expect(upstream.requests).toHaveLength(3);
  });

  test.each(['ok:n=500,gap=20', 'hang', 'hang:after=3'])('%s: an abort closes the socket', async (model) => {
    const abort = new AbortController();
    const reason = new Error('the client has gone');
    const heard = listen(provider(PATIENT), question(model, { signal: abort.signal }));
    await until(() => upstream.active === 1);
    abort.abort(reason);
    expect((await soon(heard)).error).toBe(reason);
    await soon(until(() => upstream.requests[0]?.aborted));
  });
});

test('models, credentials, and an address with or without /v1', async () => {
  const { signal } = new AbortController();
  for (const baseUrl of [upstream.url, `${upstream.url}/`, `${upstream.url}/v1`, `${upstream.url}/v1/`]) {
    expect(await provider({ baseUrl }).listModels(signal)).toEqual(['ok', 'tools', 'reasoning']);
  }
  await expect(provider({ apiKey: 'wrong' }).listModels(signal)).rejects.toMatchObject({
    code: 'upstream_auth_failed',
  });
  await ask('ok');
  const { apiKey: _, ...keyless } = upstreamSettings('anthropic', { baseUrl: upstream.url });
  await listen(createProvider(keyless), question('ok'));
  const sentHeaders = upstream.requests.map(({ headers }) => [headers['x-api-key'], headers.authorization]);
  expect(sentHeaders).toEqual([
    ['sk-lab-0123456789abcdef', undefined],
    [undefined, undefined],
  ]);
  expect(upstream.requests[0]?.headers['anthropic-version']).toBe('2023-06-01');
});
