import type { Message, ModelRequest, Sampling } from '#libs/contract';
import { createProvider } from '#libs/providers';
import { startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { gatewayError, listen, question, sealedBlocks, upstreamSettings } from '../../support/model-lab.js';

/** What each generation of Claude is asked, as it arrives at a real HTTP server. */
let upstream: FakeUpstream;
beforeAll(async () => {
  upstream = await startFakeUpstream();
});
afterAll(() => upstream.stop());
beforeEach(() => upstream.reset());

async function sent(model: string, overrides: Partial<ModelRequest> = {}): Promise<Record<string, unknown>> {
  const provider = createProvider(upstreamSettings('anthropic', { baseUrl: upstream.url }));
  const { events } = await listen(provider, question(model, overrides));
  const leftOut = events.flatMap((event) => (event.type === 'left_out' ? event.fields : []));
  return { ...upstream.requests.at(-1)?.body, leftOut };
}

const sampled = (model: string, sampling: Sampling) => sent(model, { sampling });

test.each([
  ['claude-opus-4-7', 128_000],
  ['claude-sonnet-5', 128_000],
  ['claude-fable-5-2', 128_000],
  ['claude-opus-4-6', 128_000],
  ['claude-opus-4-5-20251101', 64_000],
  ['claude-sonnet-4-20250514', 32_000],
  ['claude-3-7-sonnet-20250219', 32_000],
  ['claude-3-5-haiku-20241022', 8_192],
  ['claude-3-opus-20240229', 4_096],
  ['anthropic.claude-opus-4-6-v1:0', 128_000],
  ['claude-2', 32_000],
  ['glm-5', 32_000],
])('%s may write %d tokens when nobody asks for a bound', async (model, tokens) => {
  expect((await sent(model))['max_tokens']).toBe(tokens);
  expect((await sampled(model, { outputTokensMax: 7 }))['max_tokens']).toBe(7);
  expect((await sent(model, { outputTokensDefault: 99 }))['max_tokens']).toBe(99);
});

test('new models get none of the fields that steer chance, and are told what was left out', async () => {
  const sampling = { temperature: 0.7, topP: 0.9, topK: 5 };
  const body = await sampled('claude-opus-4-7', sampling);
  expect(body).not.toHaveProperty('temperature');
  expect(body).not.toHaveProperty('top_p');
  expect(body).not.toHaveProperty('top_k');
  expect(body['leftOut']).toEqual(['temperature', 'top_p', 'top_k']);
  expect(await sampled('claude-opus-4-6', sampling)).toMatchObject({ temperature: 0.7, top_k: 5, leftOut: ['top_p'] });
  expect(await sampled('glm-5', { topP: 0.9 })).toMatchObject({ top_p: 0.9, leftOut: [] });
});

test('one automatic cache_control, and the same order of system and tools each time', async () => {
  const tools = ['b', 'a'].map((name) => ({ name, parameters: {} }));
  const [one, two] = [
    await sent('claude-opus-4-6', { tools, system: 'S' }),
    await sent('claude-opus-4-6', { tools, system: 'S' }),
  ];
  expect(one['cache_control']).toEqual({ type: 'ephemeral' });
  expect(JSON.stringify(one)).toBe(JSON.stringify(two));
});

test.each([
  ['claude-opus-4-7', 'high', { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } }],
  ['claude-opus-4-7', 'minimal', { thinking: { type: 'adaptive' }, output_config: { effort: 'low' } }],
  ['claude-opus-4-7', 'none', { thinking: { type: 'disabled' } }],
  ['claude-sonnet-4-5', 'medium', { thinking: { type: 'enabled', budget_tokens: 12_288 } }],
  ['claude-3-5-sonnet-20241022', 'high', { leftOut: ['reasoning_effort'] }],
  ['glm-5', 'high', { leftOut: ['reasoning_effort'] }],
])('%s is asked for effort %s as %j', async (model, reasoningEffort, expected) => {
  expect(await sampled(model, { reasoningEffort })).toMatchObject(expected);
});

test('thinking that a Messages request asked for is kept, or turned into what the model has', async () => {
  const enabled = { type: 'enabled', budget_tokens: 2_048 };
  expect(await sampled('claude-opus-4-7', { thinking: enabled, reasoningEffort: 'low' })).toMatchObject({
    thinking: enabled,
  });
  expect(await sampled('glm-5', { thinking: enabled })).toMatchObject({ thinking: enabled });
  const adaptive = { type: 'adaptive', display: 'omitted' };
  expect(await sampled('claude-opus-4-6', { thinking: adaptive })).toMatchObject({ thinking: adaptive });
  expect(await sampled('claude-sonnet-4-5', { thinking: adaptive })).toMatchObject({ thinking: { type: 'enabled' } });
  expect(await sampled('claude-3-opus-20240229', { thinking: adaptive })).not.toHaveProperty('thinking');
});

describe('thinking is left out where the API would refuse the request', () => {
  const model = 'claude-sonnet-4-5';
  const tools = [{ name: 'f', parameters: {} }];
  const call = { callId: 'c', name: 'f', arguments: '{}' };
  const result: Message = { role: 'tool', callId: 'c', output: 'fine' };
  const ask: Message = { role: 'user', content: 'Go.' };
  const sampling = { reasoningEffort: 'low' };

  test('beside a forced call', async () => {
    expect(await sent(model, { tools, toolChoice: { kind: 'required' }, sampling })).not.toHaveProperty('thinking');
    expect(await sent(model, { tools, sampling })).toHaveProperty('thinking');
  });

  test('in a loop whose answer has no thinking', async () => {
    const bare: Message = { role: 'assistant', text: '', toolCalls: [call] };
    const signed: Message = { ...bare, reasoning: [{ text: 'Hm.', seal: { form: 'anthropic', signature: 's' } }] };
    expect(await sent(model, { tools, sampling, messages: [ask, bare, result] })).not.toHaveProperty('thinking');
    expect(await sent(model, { tools, sampling, messages: [ask, signed, result] })).toHaveProperty('thinking');
  });

  test('before an answer to be continued, and where there is no room for a budget', async () => {
    const begun: Message = { role: 'assistant', text: 'So', toolCalls: [] };
    expect(await sent(model, { sampling, messages: [ask, begun] })).not.toHaveProperty('thinking');
    expect(await sampled(model, { ...sampling, outputTokensMax: 1_500 })).not.toHaveProperty('thinking');
  });
});

test('thinking comes back where it stood among text and calls', async () => {
  const message: Message = {
    role: 'assistant',
    text: 'Look. Done.',
    reasoning: [
      { text: 'First.', seal: { form: 'anthropic', signature: 'a' } },
      { text: '', seal: { form: 'anthropic', encrypted: 'opaque' }, at: { chars: 6, calls: 0 } },
      { text: 'Of another upstream.', seal: { form: 'openai', textField: 'reasoning' } },
      { text: 'Then.', seal: { form: 'anthropic', signature: '' }, at: { chars: 11, calls: 1 } },
    ],
    toolCalls: ['c1', 'c2'].map((callId) => ({ callId, name: 'f', arguments: '{}' })),
  };
  const { messages } = (await sent('claude-opus-4-6', { messages: [{ role: 'user', content: 'Go.' }, message] })) as {
    messages: { content: { type: string }[] }[];
  };
  expect(messages[1]?.content).toEqual([
    { type: 'thinking', thinking: 'First.', signature: 'a' },
    { type: 'text', text: 'Look. ' },
    { type: 'redacted_thinking', data: 'opaque' },
    { type: 'text', text: 'Done.' },
    { type: 'tool_use', id: 'c1', name: 'f', input: {} },
    { type: 'thinking', thinking: 'Then.', signature: '' },
    { type: 'tool_use', id: 'c2', name: 'f', input: {} },
  ]);
});

test('what was written into the cache is counted, and blocks of thinking end with their seals', async () => {
  const usage = { input_tokens: 5, cache_read_input_tokens: 3, cache_creation_input_tokens: 2, output_tokens: 1 };
  const event = (type: string, fields: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
  const block = (index: number, content_block: object, ...deltas: object[]): string[] => [
    event('content_block_start', { index, content_block }),
    ...deltas.map((delta) => event('content_block_delta', { index, delta })),
    event('content_block_stop', { index }),
  ];
  upstream.scripts.set('seals', [
    event('message_start', { message: { usage } }),
    ...block(
      0,
      { type: 'thinking', thinking: '', signature: '' },
      { type: 'thinking_delta', thinking: 'A' },
      { type: 'signature_delta', signature: 's1' },
    ),
    ...block(1, { type: 'redacted_thinking', data: 'opaque' }),
    ...block(2, { type: 'thinking', thinking: '' }, { type: 'thinking_delta', thinking: 'B' }),
    ...block(3, { type: 'text', text: '' }, { type: 'text_delta', text: 'Hi' }),
    event('message_delta', { delta: { stop_reason: 'end_turn' } }),
    event('message_stop', {}),
  ]);
  const provider = createProvider(upstreamSettings('anthropic', { baseUrl: upstream.url }));
  const { events, end } = await listen(provider, question('script:name=seals'));
  expect(sealedBlocks(events)).toEqual([
    { text: 'A', seal: { form: 'anthropic', signature: 's1' } },
    { text: '', seal: { form: 'anthropic', encrypted: 'opaque' } },
    { text: 'B', seal: { form: 'anthropic', signature: '' } },
  ]);
  expect(end?.usage).toMatchObject({ inputTokens: 10, cachedInputTokens: 3, cacheWriteTokens: 2 });
});

test('state without measure ends the answer', async () => {
  const huge = { type: 'redacted_thinking', data: 'x'.repeat(1_048_577) };
  upstream.scripts.set('huge', [
    `data: ${JSON.stringify({ type: 'content_block_start', index: 0, content_block: huge })}\n\n`,
  ]);
  const provider = createProvider(upstreamSettings('anthropic', { baseUrl: upstream.url }));
  expect(gatewayError(await listen(provider, question('script:name=huge'))).code).toBe('upstream_invalid');
});
