import { isJsonObject, type RunDraft } from '#libs/contract';
import { schemaOf } from '#libs/protocols';
import { protocolNamed, decodeChat } from '../../../support/chat-request.js';

const hello = { role: 'user', content: 'Hello' };
const decode = (fields: object): RunDraft => decodeChat({ messages: [hello], ...fields });
const decodeMessages = (...messages: object[]): RunDraft => decodeChat({ messages });
const tool = (name: string, more: object = {}) => ({ type: 'function', function: { name, ...more } });
const call = (id: string) => ({ id, type: 'function', function: { name: 'clock', arguments: '{}' } });

describe('a Chat Completions request', () => {
  test('the smallest one', () => {
    expect(decode({})).toEqual({
      protocol: 'openai-chat',
      model: null,
      messages: [hello],
      tools: [],
      toolChoice: { kind: 'auto' },
      sampling: {},
      onDisconnect: 'cancel',
      stream: false,
      echo: { includeUsage: false, usageOnFinish: false },
    });
  });

  test('the example of the documentation', () => {
    const { example } = schemaOf(protocolNamed('openai-chat').dto);
    if (!isJsonObject(example)) throw new Error('no example');
    expect(decodeChat(example)).toMatchObject({ model: 'talaria', stream: true, echo: { includeUsage: true } });
  });

  test('everything that can be asked of the model', () => {
    const { sampling, metadata } = decode({
      temperature: 0,
      top_p: 1,
      max_tokens: 5,
      max_completion_tokens: 7,
      n: 1,
      stop: ['a', 'b'],
      seed: -3,
      presence_penalty: -2,
      frequency_penalty: 2,
      logit_bias: { 50256: -100 },
      logprobs: true,
      top_logprobs: 20,
      response_format: { type: 'json_object' },
      parallel_tool_calls: false,
      reasoning_effort: 'low',
      verbosity: 'high',
      service_tier: 'flex',
      safety_identifier: 'u1',
      user: 'u2',
      prompt_cache_key: 'k1',
      metadata: { a: 'b' },
      modalities: ['text'],
      store: true,
    });
    expect(metadata).toEqual({ a: 'b' });
    expect(sampling).toEqual({
      temperature: 0,
      topP: 1,
      outputTokensMax: 7,
      stop: ['a', 'b'],
      seed: -3,
      presencePenalty: -2,
      frequencyPenalty: 2,
      logitBias: { 50256: -100 },
      logprobs: true,
      topLogprobs: 20,
      responseFormat: { type: 'json_object' },
      parallelToolCalls: false,
      reasoningEffort: 'low',
      verbosity: 'high',
      serviceTier: 'flex',
      user: 'u1',
      promptCacheKey: 'k1',
    });
  });

  test('older and shorter forms', () => {
    expect(decode({ max_tokens: 5, stop: 'x' }).sampling).toEqual({ outputTokensMax: 5, stop: ['x'] });
    expect(decode({ stop: [], tools: [], temperature: null, stream_options: null }).sampling).toEqual({});
  });

  test.each([
    [true, true],
    ['true', true],
    [false, false],
    ['false', false],
    [null, false],
  ])('stream %j', (stream, expected) => expect(decode({ stream }).stream).toBe(expected));

  test('what the encoder needs to know is in the echo', () => {
    const context = { hermesClient: true };
    const body = { messages: [hello], logprobs: true, stream_options: { include_usage: true } };
    expect(decodeChat(body, context).echo).toEqual({ includeUsage: true, usageOnFinish: true, logprobs: true });
  });

  test('X-On-Disconnect is kept', () => {
    expect(decodeChat({ messages: [hello] }, { onDisconnect: 'continue' }).onDisconnect).toBe('continue');
  });

  test('response formats', () => {
    const json_schema = { name: 'answer', schema: { type: 'object' }, strict: true, description: 'd' };
    const decoded = decode({ response_format: { type: 'json_schema', json_schema } });
    expect(decoded.sampling.responseFormat).toEqual({ type: 'json_schema', ...json_schema });
    const bare = decode({ response_format: { type: 'json_schema', json_schema: { name: 'a', strict: null } } });
    expect(bare.sampling.responseFormat).toEqual({ type: 'json_schema', name: 'a' });
    expect(decode({ response_format: { type: 'text' } }).sampling.responseFormat).toEqual({ type: 'text' });
  });

  test('tools and every form of tool_choice', () => {
    const parameters = { type: 'object', properties: { city: { type: 'string' } } };
    const tools = [tool('clock', { description: 'd', parameters, strict: false }), tool('a-b_1', { parameters: null })];
    const choose = (tool_choice: unknown) => decode({ tools, tool_choice });
    expect(choose(null).tools).toEqual([
      { name: 'clock', description: 'd', parameters, strict: false },
      { name: 'a-b_1' },
    ]);
    expect(choose('none').toolChoice).toEqual({ kind: 'none' });
    expect(choose('required').toolChoice).toEqual({ kind: 'required' });
    expect(choose(tool('clock')).toolChoice).toEqual({ kind: 'named', name: 'clock' });
    const allowed_tools = { mode: 'required', tools: [tool('clock'), tool('clock'), tool('a-b_1')] };
    expect(choose({ type: 'allowed_tools', allowed_tools }).toolChoice).toEqual({
      kind: 'allowed',
      mode: 'required',
      names: ['clock', 'a-b_1'],
    });
  });
});

describe('messages', () => {
  test('system and developer texts in front are instructions, later ones stay in their places', () => {
    const draft = decodeMessages(
      { role: 'system', content: 'One.' },
      { role: 'developer', content: 'Also one.' },
      hello,
      { role: 'developer', content: [{ type: 'text', text: 'Two.' }, 'Three.'] },
      { role: 'system', content: '' },
    );
    expect(draft.instructions).toBe('One.\nAlso one.');
    expect(draft.messages).toEqual([hello, { role: 'system', content: 'Two.\nThree.' }]);
    expect(decodeMessages(hello, { role: 'system', content: '' })).not.toHaveProperty('instructions');
  });

  test('a conversation with calls keeps its order', () => {
    const draft = decodeMessages(
      {
        role: 'user',
        name: 'ann',
        content: [
          { type: 'text', text: 'What' },
          { type: 'input_text', text: 'time?' },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [call('c1'), { ...call('c2'), type: undefined }] },
      { role: 'tool', tool_call_id: 'c2', content: [{ type: 'text', text: 'noon' }] },
      { role: 'tool', tool_call_id: 'c1', content: '' },
      {
        role: 'assistant',
        content: [
          { type: 'output_text', text: 'Noon.' },
          { type: 'refusal', refusal: 'no' },
        ],
      },
      { role: 'assistant', content: 'x', refusal: 'no!' },
      { role: 'assistant' },
    );
    const calls = ['c1', 'c2'].map((callId) => ({ callId, name: 'clock', arguments: '{}' }));
    expect(draft.messages).toEqual([
      { role: 'user', name: 'ann', content: 'What\ntime?' },
      { role: 'assistant', text: '', toolCalls: calls },
      { role: 'tool', callId: 'c2', output: 'noon' },
      { role: 'tool', callId: 'c1', output: '' },
      { role: 'assistant', text: 'Noon.', refusal: 'no', toolCalls: [] },
      { role: 'assistant', text: 'x', refusal: 'no!', toolCalls: [] },
      { role: 'assistant', text: '', toolCalls: [] },
    ]);
  });

  test('images stay among the texts, in all their forms', () => {
    const png = 'data:image/png;base64,iVBORw0KGgo=';
    const content = [
      { type: 'text', text: 'Compare' },
      { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'low' } },
      { type: 'image_url', image_url: 'HTTP://example.com/b' },
      { type: 'input_image', image_url: png, detail: 'high' },
      { type: 'image_url', image_url: { url: 'data:image/svg+xml;charset=utf-8,<svg/>', detail: null } },
    ];
    expect(decodeMessages({ role: 'user', content }).messages[0]).toEqual({
      role: 'user',
      content: [
        { type: 'text', text: 'Compare' },
        { type: 'image', url: 'https://example.com/a.png', detail: 'low' },
        { type: 'image', url: 'HTTP://example.com/b' },
        { type: 'image', url: png, detail: 'high' },
        { type: 'image', url: 'data:image/svg+xml;charset=utf-8,<svg/>' },
      ],
    });
  });

  test('an image alone is something to see, a tool answer too', () => {
    const image = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } };
    expect(decodeMessages({ role: 'user', content: [image] }).messages).toHaveLength(1);
    const answered = [
      { role: 'assistant', tool_calls: [call('c1')] },
      { role: 'tool', tool_call_id: 'c1', content: 'noon' },
    ];
    expect(decodeMessages(...answered).messages).toHaveLength(2);
  });

  test('odd characters pass untouched', () => {
    const odd = 'a\0b \ud800 \u2028 \u202e é';
    expect(decodeMessages({ role: 'user', content: odd }).messages[0]).toEqual({ role: 'user', content: odd });
  });

  test('a text of just the bound passes, and the bound is the one of the context', () => {
    const body = { messages: [{ role: 'user', content: ['12345', '789'] }] };
    expect(decodeChat(body, { messageTextCharsMax: 9 }).messages[0]).toEqual({ role: 'user', content: '12345\n789' });
    expect(() => decodeChat(body, { messageTextCharsMax: 8 })).toThrow('at most 8 characters');
  });
});
