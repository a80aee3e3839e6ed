import type { ModelRequest } from '#libs/contract';
import { createProvider } from '#libs/providers';
// The vendor's own address cannot be asked in a test: for it, the body is looked at before it is sent.
import { toChatRequest } from '../../../libs/providers/src/openai/chat-request.js';
import { startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { listen, question, upstreamSettings } from '../../support/model-lab.js';

let upstream: FakeUpstream;
beforeAll(async () => {
  upstream = await startFakeUpstream();
});
afterAll(() => upstream.stop());

/** The body that arrives at the upstream. */
async function sent(overrides: Partial<ModelRequest>): Promise<Record<string, unknown>> {
  upstream.reset();
  const provider = createProvider(upstreamSettings('openai', { baseUrl: `${upstream.url}/v1` }));
  await listen(provider, question('ok', overrides));
  return upstream.requests[0]?.body ?? {};
}

const PLAIN = {
  model: 'ok',
  messages: [{ role: 'user', content: 'Say something.' }],
  stream: true,
  stream_options: { include_usage: true },
};
const tools = [
  { name: 'a', description: 'first', parameters: { type: 'object', properties: {} }, strict: true },
  { name: 'b' },
];
const sentTools = [
  {
    type: 'function',
    function: { name: 'a', description: 'first', parameters: { type: 'object', properties: {} }, strict: true },
  },
  { type: 'function', function: { name: 'b' } },
];

test('a plain question has nothing in it that was not asked for', async () => {
  expect(await sent({})).toEqual(PLAIN);
});

test('every kind of message', async () => {
  const body = await sent({
    system: 'Be brief.',
    messages: [
      { role: 'user', content: 'Hi', name: 'ann' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'image', url: 'https://example.com/a.png', detail: 'low' },
          { type: 'image', url: 'data:image/png;base64,AAAA' },
        ],
      },
      { role: 'assistant', text: '', toolCalls: [{ callId: 'c1', name: 'a', arguments: '' }] },
      { role: 'tool', callId: 'c1', output: 'broken', isError: true },
      { role: 'assistant', text: 'Wait.', toolCalls: [{ callId: 'c2', name: 'a', arguments: '{"x":1}' }] },
      { role: 'tool', callId: 'c2', output: 'fine' },
      { role: 'assistant', text: 'Done.', toolCalls: [] },
      { role: 'assistant', text: '', refusal: 'No.', toolCalls: [] },
      { role: 'assistant', text: '', toolCalls: [] },
    ],
  });
  const call = (id: string, text: string) => ({ id, type: 'function', function: { name: 'a', arguments: text } });
  expect(body['messages']).toEqual([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hi', name: 'ann' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Look' },
        { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'low' } },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      ],
    },
    { role: 'assistant', content: null, tool_calls: [call('c1', '{}')] },
    { role: 'tool', tool_call_id: 'c1', content: 'broken' },
    { role: 'assistant', content: 'Wait.', tool_calls: [call('c2', '{"x":1}')] },
    { role: 'tool', tool_call_id: 'c2', content: 'fine' },
    { role: 'assistant', content: 'Done.' },
    { role: 'assistant', content: null, refusal: 'No.' },
    { role: 'assistant', content: '' },
  ]);
});

test('every sampling field by its wire name', async () => {
  const body = await sent({
    sampling: {
      temperature: 0,
      topP: 0.5,
      outputTokensMax: 100,
      stop: ['END'],
      seed: 7,
      presencePenalty: -1,
      frequencyPenalty: 1,
      logitBias: { '50256': -100 },
      logprobs: true,
      topLogprobs: 2,
      responseFormat: {
        type: 'json_schema',
        name: 'answer',
        schema: { type: 'object' },
        description: 'd',
        strict: true,
      },
      parallelToolCalls: false,
      reasoningEffort: 'low',
      verbosity: 'high',
      serviceTier: 'flex',
      user: 'u1',
      promptCacheKey: 'k1',
    },
  });
  // parallel_tool_calls is refused without tools.
  expect(body).toEqual({
    ...PLAIN,
    temperature: 0,
    top_p: 0.5,
    max_tokens: 100,
    stop: ['END'],
    seed: 7,
    presence_penalty: -1,
    frequency_penalty: 1,
    logit_bias: { '50256': -100 },
    logprobs: true,
    top_logprobs: 2,
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'answer', schema: { type: 'object' }, description: 'd', strict: true },
    },
    reasoning_effort: 'low',
    verbosity: 'high',
    service_tier: 'flex',
    user: 'u1',
    prompt_cache_key: 'k1',
  });
});

test('OpenAI itself is given its own name for the output limit', () => {
  const request = question('gpt', { sampling: { outputTokensMax: 5 }, streaming: false });
  expect(toChatRequest(request, { isOpenAi: true, isMistral: false })).toEqual({
    model: 'gpt',
    messages: PLAIN.messages,
    max_completion_tokens: 5,
  });
});

test.each<[string, ModelRequest['toolChoice'], object]>([
  ['auto', { kind: 'auto' }, { tools: sentTools }],
  ['none', { kind: 'none' }, { tools: sentTools, tool_choice: 'none' }],
  ['required', { kind: 'required' }, { tools: sentTools, tool_choice: 'required' }],
  [
    'named',
    { kind: 'named', name: 'b' },
    { tools: sentTools, tool_choice: { type: 'function', function: { name: 'b' } } },
  ],
  ['allowed, auto', { kind: 'allowed', mode: 'auto', names: ['b'] }, { tools: sentTools.slice(1) }],
  [
    'allowed, required',
    { kind: 'allowed', mode: 'required', names: ['b'] },
    { tools: sentTools.slice(1), tool_choice: 'required' },
  ],
  ['allowed, but none of them offered', { kind: 'allowed', mode: 'required', names: ['z'] }, {}],
])('tool choice %s', async (_, toolChoice, expected) => {
  expect(await sent({ tools, toolChoice })).toEqual({ ...PLAIN, ...expected });
});

test('without tools there is no choice of tools', async () => {
  expect(await sent({ toolChoice: { kind: 'required' }, sampling: { parallelToolCalls: true } })).toEqual(PLAIN);
  expect(await sent({ tools, sampling: { parallelToolCalls: false } })).toEqual({
    ...PLAIN,
    tools: sentTools,
    parallel_tool_calls: false,
  });
});

test('fields of compatible servers go to these, not to OpenAI', () => {
  const extra = { top_k: 20, thinking: { type: 'disabled' } };
  const responseFormat = { type: 'json_object', schema: { type: 'object' } } as const;
  const request = question('m', { sampling: { extra, responseFormat }, streaming: false });
  expect(toChatRequest(request, { isOpenAi: false, isMistral: false })).toEqual({
    ...{ model: 'm', messages: PLAIN.messages, ...extra },
    response_format: responseFormat,
  });
  expect(toChatRequest(request, { isOpenAi: true, isMistral: false })).toEqual({
    ...{ model: 'm', messages: PLAIN.messages },
    response_format: { type: 'json_object' },
  });
});
