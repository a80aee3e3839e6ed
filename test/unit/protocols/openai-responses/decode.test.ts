import { leftOutHeader } from '#libs/contract';
import { responsesOptions, type ConversationChoice } from '#libs/protocols';
import { decodeResponses } from '../../../support/responses-request.js';

const RESPONSE = `resp_${'0a'.repeat(16)}`;
const RUN = `run_${'0a'.repeat(16)}`;
const fn = (name: string, more: object = {}) => ({ type: 'function', name, ...more });
const crm = { type: 'namespace', name: 'crm', description: 'Customers.', tools: [fn('find'), fn('clock')] };

describe('the run of a Responses request', () => {
  test('a bare text with nothing else', () => {
    expect(decodeResponses({ input: 'Hello' })).toEqual({
      protocol: 'openai-responses',
      model: null,
      messages: [{ role: 'user', content: 'Hello' }],
      tools: [],
      toolChoice: { kind: 'auto' },
      sampling: {},
      onDisconnect: 'cancel',
      stream: false,
      echo: {
        fields: {},
        logprobs: false,
        namespaced: {},
        offered: [],
        custom: [],
        serverCalls: 'mcp_call',
        options: { background: false, stored: true, hasOwnHistory: false },
      },
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello' }] }],
      retain: true,
      truncation: 'disabled',
    });
  });

  test('what is asked of the model', () => {
    const { sampling, model, instructions } = decodeResponses({
      model: 'm',
      input: 'Hello',
      instructions: 'Be brief.',
      temperature: 0.5,
      top_p: 0.9,
      max_output_tokens: 100,
      presence_penalty: 1,
      frequency_penalty: -1,
      top_logprobs: 2,
      parallel_tool_calls: false,
      reasoning: { effort: 'low', summary: 'auto' },
      text: { verbosity: 'low', format: { type: 'json_schema', name: 'a', schema: { type: 'object' }, strict: true } },
      service_tier: 'flex',
      safety_identifier: 'u1',
      user: 'u2',
      prompt_cache_key: 'k1',
    });
    expect({ model, instructions }).toEqual({ model: 'm', instructions: 'Be brief.' });
    expect(sampling).toEqual({
      temperature: 0.5,
      topP: 0.9,
      outputTokensMax: 100,
      presencePenalty: 1,
      frequencyPenalty: -1,
      logprobs: true,
      topLogprobs: 2,
      parallelToolCalls: false,
      reasoningEffort: 'low',
      verbosity: 'low',
      responseFormat: { type: 'json_schema', name: 'a', schema: { type: 'object' }, strict: true },
      serviceTier: 'flex',
      user: 'u1',
      promptCacheKey: 'k1',
    });
  });

  test('what command-line agents send is accepted: unknown fields and includes, hosted tools, null', () => {
    const draft = decodeResponses({
      input: 'Hello',
      client_metadata: { installation: 'x' },
      include: ['reasoning.encrypted_content', 'something.new'],
      store: false,
      tools: [fn('shell'), { type: 'web_search' }, { type: 'local_shell' }, { type: 'custom', name: 'apply_patch' }],
      previous_response_id: null,
      prompt_cache_key: 'k',
      context_management: [{ type: 'compaction' }],
    });
    expect(draft.retain).toBe(false);
    expect(draft.tools.map(({ name }) => name)).toEqual(['shell', 'apply_patch']);
    expect(draft.leftOut).toEqual(['tools.web_search', 'tools.local_shell']);
    expect(draft.echo['fields']).toEqual({
      store: false,
      prompt_cache_key: 'k',
      tools: [
        { type: 'function', name: 'shell', description: null, parameters: null, strict: null },
        { type: 'custom', name: 'apply_patch', format: { type: 'text' } },
      ],
    });
  });

  test('logprobs are asked for by include alone', () => {
    const draft = decodeResponses({ input: 'Hello', include: ['message.output_text.logprobs'] });
    expect(draft.sampling).toEqual({ logprobs: true });
    expect(draft.echo['logprobs']).toBe(true);
  });

  test.each([
    ['stream', 'true', { stream: true }],
    ['stream', 'false', { stream: false }],
    ['store', 'false', { retain: false }],
    ['store', 'true', { retain: true }],
    ['store', false, { retain: false }],
  ])('%s: %j', (key, value, expected) => {
    expect(decodeResponses({ input: 'Hello', [key]: value })).toMatchObject(expected);
  });

  test('metadata travels with the run', () => {
    expect(decodeResponses({ input: 'Hello', metadata: { a: 'b' } }).metadata).toEqual({ a: 'b' });
  });
});

describe('what comes before the run', () => {
  test('the previous response', () => {
    const draft = decodeResponses({ input: 'More', previous_response_id: RESPONSE });
    expect(draft.parentId).toBe(RUN);
    expect(draft.echo['fields']).toEqual({ previous_response_id: RESPONSE });
  });

  test.each<[unknown, ConversationChoice]>([
    ['my-chat', { kind: 'name', name: 'my-chat' }],
    ['conv_123', { kind: 'id', id: 'conv_123' }],
    [{ id: 'conv_123' }, { kind: 'id', id: 'conv_123' }],
  ])('the conversation %j', (conversation, choice) => {
    const draft = decodeResponses({ input: 'More', conversation });
    expect(responsesOptions(draft)).toMatchObject({ conversation: choice, hasOwnHistory: false });
    expect(draft.parentId).toBeUndefined();
  });

  test('a history of its own wins over the previous response', () => {
    const draft = decodeResponses({
      input: 'More',
      previous_response_id: RESPONSE,
      conversation_history: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello.' },
      ],
    });
    expect(draft.parentId).toBeUndefined();
    expect(responsesOptions(draft).hasOwnHistory).toBe(true);
    expect(draft.instructions).toBe('Be brief.');
    expect(draft.messages).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'assistant', text: 'Hello.', toolCalls: [] },
      { role: 'user', content: 'More' },
    ]);
    expect(draft.input).toHaveLength(4);
    expect(draft.echo['fields']).toEqual({});
  });

  test('an empty history is none', () => {
    const draft = decodeResponses({ input: 'More', previous_response_id: RESPONSE, conversation_history: [] });
    expect(draft.parentId).toBe(RUN);
  });

  test('results of calls that the previous response made', () => {
    const input = [{ type: 'function_call_output', call_id: 'c1', output: '' }];
    const draft = decodeResponses({ input, previous_response_id: RESPONSE });
    expect(draft.messages).toEqual([{ role: 'tool', callId: 'c1', output: '' }]);
  });
});

describe('in the background', () => {
  test('the run goes on without a listener, whatever the header says', () => {
    const draft = decodeResponses({ input: 'Hi', background: true }, { onDisconnect: 'cancel' });
    expect(draft.onDisconnect).toBe('continue');
    expect(responsesOptions(draft).background).toBe(true);
    expect(draft.echo['fields']).toEqual({ background: true });
  });

  test('in the foreground the header decides', () => {
    expect(decodeResponses({ input: 'Hi' }, { onDisconnect: 'continue' }).onDisconnect).toBe('continue');
  });
});

describe('tools', () => {
  test('of namespaces are flattened, and their names are kept for the way back', () => {
    const draft = decodeResponses({ input: 'Hi', tools: [fn('clock', { description: 'Tells.' }), crm] });
    expect(draft.tools).toEqual([
      { name: 'clock', description: 'Tells.' },
      { name: 'crm__find' },
      { name: 'crm__clock' },
    ]);
    expect(draft.echo['namespaced']).toEqual({
      crm__find: { namespace: 'crm', name: 'find' },
      crm__clock: { namespace: 'crm', name: 'clock' },
    });
  });

  test('names that are too long stay different and stable', () => {
    const tools = [{ ...crm, name: 'n'.repeat(40), tools: [fn('f'.repeat(30)), fn(`${'f'.repeat(29)}g`)] }];
    const names = decodeResponses({ input: 'Hi', tools }).tools.map(({ name }) => name);
    expect(names.map((name) => name.length)).toEqual([64, 64]);
    expect(new Set(names).size).toBe(2);
    expect(decodeResponses({ input: 'Hi', tools }).tools.map(({ name }) => name)).toEqual(names);
  });

  test('hosted ones inside of a namespace are left out too', () => {
    const tools = [{ ...crm, tools: [fn('find'), { type: 'shell' }] }];
    const draft = decodeResponses({ input: 'Hi', tools });
    expect(draft.tools).toEqual([{ name: 'crm__find' }]);
    expect(draft.leftOut).toEqual(['tools.shell']);
  });

  test('the header holds what a client sent as a token, at most 32 of them', () => {
    const types = ['a\r\nX-Evil: 1', 'é', ...Array.from({ length: 40 }, (_, i) => `t${i}`)];
    const { leftOut = [] } = decodeResponses({ input: 'Hi', tools: types.map((type) => ({ type })) });
    const header = leftOutHeader(leftOut);
    expect(header).toMatch(/^tools\.a__X-Evil__1, tools\._, tools\.t0, /);
    expect(header?.split(', ')).toHaveLength(32);
    expect(decodeResponses({ input: 'Hi' })).not.toHaveProperty('leftOut');
  });
});

describe('tool_choice', () => {
  const tools = [fn('clock'), crm, { type: 'web_search' }];
  const list = (...entries: object[]) => ({ type: 'allowed_tools', mode: 'auto', tools: entries });

  test.each<[unknown, object]>([
    ['none', { kind: 'none' }],
    ['auto', { kind: 'auto' }],
    ['required', { kind: 'required' }],
    [fn('clock'), { kind: 'named', name: 'clock' }],
    [fn('clock', { namespace: 'crm' }), { kind: 'named', name: 'crm__clock' }],
    [fn('find'), { kind: 'named', name: 'crm__find' }],
    [list(fn('clock'), fn('find')), { kind: 'allowed', mode: 'auto', names: ['clock', 'crm__find'] }],
    [list(fn('clock'), fn('clock')), { kind: 'allowed', mode: 'auto', names: ['clock'] }],
    [list({ type: 'web_search' }, fn('clock')), { kind: 'allowed', mode: 'auto', names: ['clock'] }],
    [list({ type: 'web_search' }), { kind: 'none' }],
    [list({ type: 'namespace', name: 'crm' }), { kind: 'allowed', mode: 'auto', names: ['crm__find', 'crm__clock'] }],
    [
      { ...list(fn('clock')), mode: 'required' },
      { kind: 'allowed', mode: 'required', names: ['clock'] },
    ],
  ])('%j', (tool_choice, expected) => {
    const draft = decodeResponses({ input: 'Hi', tools, tool_choice });
    expect(draft.toolChoice).toEqual(expected);
    expect(draft.echo['fields']).toMatchObject({ tool_choice });
  });
});

describe('what agents send beside messages', () => {
  const user = { role: 'user', content: 'Hi' };

  test('custom tools are offered as functions with one string, by their grammar in words', () => {
    const format = { type: 'grammar', syntax: 'lark', definition: 'start: "x"' };
    const draft = decodeResponses({
      input: 'Hi',
      tools: [{ type: 'custom', name: 'patch', description: 'P.', format }],
    });
    expect(draft.tools).toEqual([
      {
        name: 'patch',
        description: 'P.\n\nThe input must follow this lark grammar:\nstart: "x"',
        parameters: expect.objectContaining({ required: ['input'] }) as unknown,
      },
    ]);
    expect(draft.echo['custom']).toEqual(['patch']);
  });

  test('tools of an additional_tools item are offered, and a later one replaces an earlier one of its name', () => {
    const exec = { type: 'custom', name: 'exec', description: 'Runs.' };
    const functions = { type: 'namespace', name: 'functions', tools: [exec, fn('wait')] };
    const item = {
      type: 'additional_tools',
      role: 'developer',
      tools: [functions, fn('clock'), { type: 'web_search' }],
    };
    const draft = decodeResponses({ input: [item, user, item] });
    expect(draft.tools.map(({ name }) => name)).toEqual(['functions__exec', 'functions__wait', 'clock']);
    expect(draft.echo['custom']).toEqual(['functions__exec']);
    expect(draft.messages).toEqual([user]);
    expect(draft.leftOut).toEqual(['tools.web_search']);
    expect(draft.input?.[0]).toEqual(item);
  });

  test('calls of custom tools and of a server stand in the conversation with their results', () => {
    const { messages } = decodeResponses({
      input: [
        user,
        { type: 'custom_tool_call', call_id: 'p1', name: 'patch', input: '*** Begin' },
        { type: 'custom_tool_call_output', call_id: 'p1', output: 'done' },
        { type: 'mcp_call', id: 'mcp_1', server_label: 'talaria', name: 'terminal', arguments: '{"a":1}', output: 'x' },
        {
          type: 'mcp_call',
          id: 'mcp_2',
          server_label: 'crm',
          name: 'find it',
          arguments: '{}',
          error: { message: 'No.' },
        },
        { type: 'mcp_call', id: 'mcp_3', server_label: 'talaria', name: 'cut', arguments: '{', output: null },
      ],
    });
    const said = (callId: string, name: string, text: string) => ({
      role: 'assistant',
      text: '',
      toolCalls: [{ callId, name, arguments: text }],
    });
    expect(messages).toEqual([
      user,
      said('p1', 'patch', '{"input":"*** Begin"}'),
      { role: 'tool', callId: 'p1', output: 'done' },
      said('mcp_1', 'terminal', '{"a":1}'),
      { role: 'tool', callId: 'mcp_1', output: 'x' },
      said('mcp_2', 'crm__find_it', '{}'),
      { role: 'tool', callId: 'mcp_2', output: 'No.', isError: true },
    ]);
  });

  test.each([
    [{ type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } }],
    [{ type: 'local_shell_call', id: 'ls_1', call_id: 's1', action: { type: 'exec', command: ['ls'] } }],
    [{ type: 'image_generation_call', id: 'ig_1', status: 'completed', result: null }],
    [{ type: 'something_new', any: { thing: [1] } }],
    [{ type: 'compaction', encrypted_content: 'gAAAAA' }],
  ])('an item that means nothing here is kept, named, and not shown to the model: %j', (item) => {
    const draft = decodeResponses({ input: [user, item, { role: 'user', content: 'Go on' }] });
    expect(draft.messages).toHaveLength(2);
    expect(draft.input).toContainEqual(item);
    expect(draft.leftOut).toEqual([`input.${item.type}`]);
  });

  test('a configuration update holds for the request, the last one of each setting', () => {
    const update = (fields: object) => ({ type: 'configuration_update', ...fields });
    const { sampling } = decodeResponses({
      input: [
        update({ reasoning: { effort: 'low' }, text: { format: { type: 'json_object' } } }),
        user,
        update({ reasoning: { effort: 'high' } }),
      ],
      reasoning: { effort: 'medium' },
    });
    expect(sampling).toEqual({ reasoningEffort: 'high', responseFormat: { type: 'json_object' } });
  });

  test('a compaction trigger asks for a summary behind the conversation, without calls', () => {
    const draft = decodeResponses({ input: [user, { type: 'compaction_trigger' }], tools: [fn('clock')] });
    expect(draft.compacts).toBe(true);
    expect(draft.toolChoice).toEqual({ kind: 'none' });
    expect(draft.tools).toHaveLength(1);
    expect(draft.messages).toEqual([user, expect.objectContaining({ role: 'user' })]);
  });

  test('a request that is only to be remembered needs nothing to answer', () => {
    const draft = decodeResponses({ input: [{ role: 'developer', content: 'Rules.' }], generate: false });
    expect(draft).toMatchObject({ generate: false, messages: [], instructions: 'Rules.' });
    expect(decodeResponses({ input: [], generate: false }).messages).toEqual([]);
  });

  test('what continues something stored may bring nothing new', () => {
    expect(decodeResponses({ input: [], previous_response_id: RESPONSE }).messages).toEqual([]);
    expect(decodeResponses({ previous_response_id: RESPONSE }).parentId).toBe(RUN);
    expect(() => decodeResponses({ input: [] })).toThrow(expect.objectContaining({ param: 'input' }));
  });

  test('a result without an id answers the last open call of its name', () => {
    const { messages } = decodeResponses({
      input: [
        user,
        { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' },
        { type: 'function_call', call_id: 'c2', name: 'g', arguments: '{}' },
        { type: 'function_call_output', name: 'f', output: 'x' },
      ],
    });
    expect(messages.at(-1)).toEqual({ role: 'tool', callId: 'c1', output: 'x' });
  });

  test('the form of calls that the gateway executes is the setting, or that of the Hermes API server for its clients', () => {
    const formOf = (context: object) => decodeResponses({ input: 'Hi' }, context).echo['serverCalls'];
    expect([formOf({}), formOf({ serverCalls: 'function_call' }), formOf({ hermesClient: true })]).toEqual([
      'mcp_call',
      'function_call',
      'function_call',
    ]);
  });
});
