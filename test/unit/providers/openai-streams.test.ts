import type { ModelRequest } from '#libs/contract';
import { createProvider } from '#libs/providers';
import { startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { gatewayError, listen, question, upstreamSettings, type Heard } from '../../support/model-lab.js';

let upstream: FakeUpstream;
beforeAll(async () => {
  upstream = await startFakeUpstream();
});
afterAll(() => upstream.stop());

/** Chunks of a stream that ends properly; `finish` is the word of the last one. */
function hear(chunks: readonly object[], finish = 'stop', overrides: Partial<ModelRequest> = {}): Promise<Heard> {
  const end = { choices: [{ index: 0, delta: {}, finish_reason: finish }] };
  upstream.scripts.set('s', [...chunks, end, 'data: [DONE]\n\n']);
  const provider = createProvider(upstreamSettings('openai', { baseUrl: `${upstream.url}/v1` }));
  return listen(provider, question('script:name=s', overrides));
}

const delta = (said: object): object => ({ choices: [{ index: 0, delta: said, finish_reason: null }] });
/** One delta for each fragment. */
const fragments = (...calls: object[]): object[] => calls.map((call) => delta({ tool_calls: [call] }));
const part = (name: string | undefined, text: unknown): object => ({
  function: { ...(name !== undefined && { name }), ...(text !== undefined && { arguments: text }) },
});

describe('tool calls', () => {
  const one = [{ callId: 'c1', name: 'get_weather', arguments: '{"a":1}' }];
  const two = [
    { callId: 'c1', name: 'f', arguments: '{"a":1}' },
    { callId: 'c2', name: 'f', arguments: '{"b":2}' },
  ];

  test.each<[string, object[], object[]]>([
    [
      'by the book',
      fragments(
        { index: 0, id: 'c1', ...part('get_weather', '') },
        { index: 0, ...part(undefined, '{"a"') },
        { index: 0, ...part(undefined, ':1}') },
      ),
      one,
    ],
    [
      'the name and the id again in every fragment',
      fragments(
        { index: 0, id: 'c1', ...part('get_weather', '{"a"') },
        { index: 0, id: 'c1', ...part('get_weather', ':1}') },
      ),
      one,
    ],
    [
      'the name in pieces',
      fragments(
        { index: 0, id: 'c1', ...part('get_', undefined) },
        { index: 0, ...part('weather', undefined) },
        { index: 0, ...part(undefined, '{"a":1}') },
      ),
      one,
    ],
    [
      'a growing name',
      fragments({ index: 0, id: 'c1', ...part('get_', '') }, { index: 0, ...part('get_weather', '{"a":1}') }),
      one,
    ],
    ['arguments as an object', fragments({ index: 0, id: 'c1', ...part('get_weather', { a: 1 }) }), one],
    [
      'an empty id in later fragments',
      fragments({ index: 0, id: 'c1', ...part('get_weather', '{"a"') }, { index: 0, id: '', ...part('', ':1}') }),
      one,
    ],
    [
      'two calls, interleaved',
      fragments(
        { index: 0, id: 'c1', ...part('f', '') },
        { index: 1, id: 'c2', ...part('f', '') },
        { index: 0, ...part(undefined, '{"a"') },
        { index: 1, ...part(undefined, '{"b"') },
        { index: 0, ...part(undefined, ':1}') },
        { index: 1, ...part(undefined, ':2}') },
      ),
      two,
    ],
    [
      'two calls, both with index 0 (Ollama, Gemini)',
      fragments({ index: 0, id: 'c1', ...part('f', '{"a":1}') }, { index: 0, id: 'c2', ...part('f', '{"b":2}') }),
      two,
    ],
    [
      'two calls in one delta, both with index 0',
      [
        delta({
          tool_calls: [
            { index: 0, id: 'c1', ...part('f', '{"a":1}') },
            { index: 0, id: 'c2', ...part('f', '{"b":2}') },
          ],
        }),
      ],
      two,
    ],
    [
      'two calls without an index',
      fragments(
        { id: 'c1', ...part('f', '{"a":1}') },
        { id: 'c2', ...part('f', '{"b"') },
        { id: 'c2', ...part(undefined, ':2}') },
      ),
      two,
    ],
    [
      'two calls without ids',
      fragments(
        { index: 0, ...part('f', '{"a"') },
        { index: 0, ...part(undefined, ':1}') },
        { index: 1, ...part('f', '{"b":2}') },
      ),
      [
        { callId: 'call_0', name: 'f', arguments: '{"a":1}' },
        { callId: 'call_1', name: 'f', arguments: '{"b":2}' },
      ],
    ],
    [
      'two calls with neither ids nor different indices',
      fragments({ index: 0, ...part('f', '{"a":1}') }, { index: 0, ...part('f', '{"b":2}') }),
      [
        { callId: 'call_0', name: 'f', arguments: '{"a":1}' },
        { callId: 'call_1', name: 'f', arguments: '{"b":2}' },
      ],
    ],
    [
      'one id for two calls',
      fragments({ index: 0, id: 'c1', ...part('f', '{"a":1}') }, { index: 1, id: 'c1', ...part('f', '{"b":2}') }),
      [
        { callId: 'c1', name: 'f', arguments: '{"a":1}' },
        { callId: 'c1-2', name: 'f', arguments: '{"b":2}' },
      ],
    ],
    [
      'no arguments at all',
      fragments({ index: 0, id: 'c1', ...part('now', undefined) }, { index: 1, id: 'c2', ...part('now', null) }),
      [
        { callId: 'c1', name: 'now', arguments: '{}' },
        { callId: 'c2', name: 'now', arguments: '{}' },
      ],
    ],
  ])('%s', async (_, chunks, calls) => {
    const heard = await hear(chunks);
    expect(heard.error).toBeUndefined();
    expect(heard.calls).toEqual(calls);
    // They said "stop", but there are calls.
    expect(heard.end?.finishReason).toBe('tool_calls');
  });

  test('an id of an earlier step is not given again', async () => {
    const messages = [
      { role: 'assistant' as const, text: '', toolCalls: [{ callId: 'call_0', name: 'f', arguments: '{}' }] },
      { role: 'tool' as const, callId: 'call_0', output: 'x' },
    ];
    const heard = await hear(fragments({ index: 0, ...part('f', '{}') }), 'tool_calls', { messages });
    expect(heard.calls.map(({ callId }) => callId)).toEqual(['call_0-2']);
  });

  test('the output limit wins, and what was cut is left as it is', async () => {
    const heard = await hear(
      fragments({ index: 0, id: 'c1', ...part('f', '{"a') }, { index: 1, id: 'c2', ...part('g', '') }),
      'length',
    );
    expect(heard.calls.map((call) => call.arguments)).toEqual(['{"a', '']);
    expect(heard.end?.finishReason).toBe('length');
  });

  test('calls in an answer that was not streamed', async () => {
    const lookup = {
      name: 'lookup',
      parameters: { type: 'object', required: ['q'], properties: { q: { type: 'string' } } },
    };
    const provider = createProvider(upstreamSettings('openai', { baseUrl: `${upstream.url}/v1` }));
    const heard = await listen(provider, question('json-tools', { tools: [lookup] }));
    expect(heard.calls).toEqual([{ callId: 'call_1', name: 'lookup', arguments: '{"q":"x"}' }]);
  });
});

describe('the end of an answer', () => {
  test.each([
    ['stop', 'stop'],
    ['STOP', 'stop'],
    ['length', 'length'],
    ['MAX_TOKENS', 'length'],
    ['content_filter', 'content_filter'],
    ['SAFETY', 'content_filter'],
    ['tool_calls', 'stop'],
    ['constructor', 'stop'],
    ['something new', 'stop'],
  ])('finish_reason %s is %s when nothing was called', async (word, expected) => {
    expect((await hear([delta({ content: 'x' })], word)).end?.finishReason).toBe(expected);
  });

  test('finish_reason error is a failure', async () => {
    expect(gatewayError(await hear([delta({ content: 'x' })], 'error')).code).toBe('upstream_error');
  });

  test('[DONE] without a finish reason is a cut: proxies write it behind their failures', async () => {
    const provider = createProvider(upstreamSettings('openai', { baseUrl: `${upstream.url}/v1` }));
    upstream.scripts.set('s', [delta({ content: 'half' }), 'data: [DONE]\n\n']);
    expect(gatewayError(await listen(provider, question('script:name=s'))).code).toBe('upstream_cut');
  });

  test('the last usage counts, whatever chunk it is in', async () => {
    const usage = (completion_tokens: number): object => ({
      ...delta({ content: 'x' }),
      usage: { prompt_tokens: 3, completion_tokens },
    });
    const heard = await hear([usage(1), usage(2), { choices: [], usage: null }]);
    expect(heard.end?.usage).toEqual({ inputTokens: 3, outputTokens: 2, cachedInputTokens: 0, reasoningTokens: 0 });
  });

  test('usage that is no number is zero', async () => {
    const heard = await hear([{ choices: [], usage: { prompt_tokens: 'many', completion_tokens: -1 } }]);
    expect(heard.end?.usage).toMatchObject({ inputTokens: 0, outputTokens: 0 });
  });
});

describe('deltas', () => {
  test('reasoning goes by two names; said twice, it counts once', async () => {
    expect(await hear([delta({ reasoning: 'a' }), delta({ reasoning_content: 'b', reasoning: 'b' })])).toMatchObject({
      reasoning: 'ab',
      text: '',
    });
  });

  test('logprobs come with their text, when they were asked for', async () => {
    const logprob = { token: 'x', logprob: -0.1, bytes: null, top_logprobs: [] };
    const chunk = { choices: [{ index: 0, delta: { content: 'x' }, logprobs: { content: [logprob] } }] };
    const asked = await hear([chunk, chunk], 'stop', { sampling: { logprobs: true } });
    expect(asked.events.slice(0, 2)).toEqual([
      { type: 'text', text: 'x', logprobs: [logprob] },
      { type: 'text', text: 'x', logprobs: [logprob] },
    ]);
    expect((await hear([chunk])).events[0]).toEqual({ type: 'text', text: 'x' });
  });

  test('other choices and content in parts', async () => {
    const other = { choices: [{ index: 1, delta: { content: 'other' } }] };
    const parts = delta({
      content: [
        { type: 'thinking', thinking: [] },
        { type: 'text', text: 'mine' },
      ],
    });
    expect(await hear([other, parts])).toMatchObject({ text: 'mine' });
  });
});
