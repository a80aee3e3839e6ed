import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayError, type JsonObject, type RunDraft } from '#libs/contract';
import { otherFields, parseDto } from '#libs/protocols';
import { protocolNamed } from '../../../support/chat-request.js';

const protocol = protocolNamed('anthropic-messages');
const decode = (body: object, headers: Record<string, string> = {}): RunDraft =>
  protocol.decode(parseDto(protocol.dto, { model: 'm', max_tokens: 10, ...body }), {
    hermesClient: false,
    messageTextCharsMax: 1_000,
    otherFields: otherFields(protocol.dto, body as JsonObject),
    headers,
  });
const user = (content: unknown): object => ({ role: 'user', content });
const messagesOf = (...messages: object[]): RunDraft['messages'] => decode({ messages }).messages;

function refusal(body: object): Pick<GatewayError, 'code' | 'param'> {
  try {
    decode(body);
  } catch (error) {
    if (error instanceof GatewayError) return { code: error.code, param: error.param ?? '' };
    throw error;
  }
  throw new Error('the body was accepted');
}

test('what Claude Code sends: blocks, a system message in the middle, deferred tools, betas', () => {
  const draft = decode({
    system: [
      { type: 'text', text: 'You are a CLI.', cache_control: { type: 'ephemeral' } },
      { type: 'text', text: 'Be brief.' },
    ],
    messages: [
      user([{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } }]),
      { role: 'system', content: [{ type: 'text', text: 'Remember the tests.' }] },
      { role: 'system', content: 'And the docs.' },
    ],
    tools: [
      { name: 'Bash', description: 'Runs', input_schema: { type: 'object' }, defer_loading: true, strict: true },
      { type: 'web_search_20260209', name: 'web_search' },
    ],
    tool_choice: { type: 'auto', disable_parallel_tool_use: true },
    thinking: { type: 'adaptive', display: 'omitted' },
    output_config: { effort: 'high' },
    context_management: { edits: [{ type: 'clear_thinking_20251015' }] },
    metadata: { user_id: '{"session_id":"s"}' },
    stream: true,
  });
  expect(draft).toMatchObject({
    instructions: 'You are a CLI.\n\nBe brief.',
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'Hi', cacheMark: { form: 'anthropic' } }] },
      { role: 'system', content: 'Remember the tests.' },
      { role: 'system', content: 'And the docs.' },
    ],
    tools: [{ name: 'Bash', description: 'Runs', parameters: { type: 'object' }, strict: true }],
    toolChoice: { kind: 'auto' },
    sampling: {
      outputTokensMax: 10,
      reasoningEffort: 'high',
      thinking: { type: 'adaptive', display: 'omitted' },
      parallelToolCalls: false,
      messagesApi: { fields: { context_management: { edits: [{ type: 'clear_thinking_20251015' }] } }, betas: [] },
    },
    echo: { display: 'omitted' },
    stream: true,
    leftOut: ['tools.web_search_20260209'],
  });
});

test('results stand behind their calls: of the caller in the next turn, of the gateway in the same one', () => {
  const said = [
    { type: 'text', text: 'Look:' },
    { type: 'mcp_tool_use', id: 's1', name: 'clock', server_name: 'talaria', input: {} },
    { type: 'mcp_tool_result', tool_use_id: 's1', is_error: false, content: [{ type: 'text', text: '12:00' }] },
    { type: 'mcp_tool_use', id: 's2', name: 'clock', server_name: 'talaria', input: {} },
    { type: 'server_tool_use', id: 'x', name: 'web_search', input: {} },
    { type: 'web_search_tool_result', tool_use_id: 'x', content: [] },
    { type: 'tool_use', id: 'c1', name: 'weather', input: { city: 'Rome' } },
    { type: 'tool_use', id: 'c2', name: 'weather', input: {} },
  ];
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } };
  const results = [
    { type: 'tool_result', tool_use_id: 'c1', is_error: true, content: [{ type: 'text', text: 'no' }, image] },
    { type: 'text', text: 'Go on.' },
  ];
  expect(messagesOf(user('Hi'), { role: 'assistant', content: said }, user(results))).toEqual([
    { role: 'user', content: 'Hi' },
    { role: 'assistant', text: 'Look:', toolCalls: [{ callId: 's1', name: 'clock', arguments: '{}' }] },
    { role: 'tool', callId: 's1', output: '12:00' },
    {
      role: 'assistant',
      text: '',
      toolCalls: [
        { callId: 'c1', name: 'weather', arguments: '{"city":"Rome"}' },
        { callId: 'c2', name: 'weather', arguments: '{}' },
      ],
    },
    { role: 'tool', callId: 'c1', output: 'no', isError: true },
    { role: 'tool', callId: 'c2', output: 'No result of this call was given.', isError: true },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Images in the result of the call c1:' },
        { type: 'image', url: 'data:image/png;base64,AAAA' },
        { type: 'text', text: 'Go on.' },
      ],
    },
  ]);
});

test('documents are read as text, and of others the model is told', () => {
  const text = { type: 'document', title: 'Notes', source: { type: 'text', media_type: 'text/plain', data: 'abc' } };
  const other = { type: 'document', source: { type: 'base64', media_type: 'application/rtf', data: 'AAAA' } };
  expect(messagesOf(user([text, other]))).toEqual([
    { role: 'user', content: 'Document "Notes":\nabc\nDocument:\n(application/rtf; it cannot be read here)' },
  ]);
});

test.each(['sealed-thinking', 'omitted-thinking', 'hidden-thinking'])(
  'what the answer %s carries comes back from the history of the client',
  (folder) => {
    const file = join(import.meta.dirname, '../../../golden/anthropic-messages', folder, 'final.json');
    const { content } = JSON.parse(readFileSync(file, 'utf8')) as { content: JsonObject[] };
    const results = ['call_a', 'call_b'].map((id) => ({ type: 'tool_result', tool_use_id: id, content: 'fine' }));
    const [, answer] = messagesOf(user('Hi'), { role: 'assistant', content }, user(results));
    expect(answer).toMatchObject({
      text: 'Let me look.',
      reasoning: [
        { text: 'First thought.', seal: { form: 'anthropic', signature: 'c2lnMQ==' } },
        { text: '', seal: { form: 'anthropic', encrypted: 'b3BhcXVl' } },
        {
          text: 'Second.',
          seal: { form: 'openai', fields: { extra_content: { google: { thought_signature: 'bXNn' } } } },
        },
      ],
      toolCalls: [
        { callId: 'call_a', extraContent: { google: { thought_signature: 'Y2FsbA==' } } },
        { callId: 'call_b', extraContent: { google: { thought_signature: 'bGF0ZQ==' } } },
      ],
    });
  },
);

test.each([
  [{ thinking: { type: 'enabled', budget_tokens: 2_048 } }, 'low', 'shown'],
  [{ thinking: { type: 'enabled', budget_tokens: 10_000 } }, 'medium', 'shown'],
  [{ thinking: { type: 'enabled', budget_tokens: 32_000 } }, 'high', 'shown'],
  [{ thinking: { type: 'disabled' } }, undefined, 'hidden'],
  [{}, undefined, 'hidden'],
  [{ output_config: { effort: 'max' } }, 'max', 'hidden'],
])('thinking %j is effort %s, and reasoning is %s', (fields, effort, display) => {
  const { sampling, echo } = decode({ messages: [user('Hi')], ...fields });
  expect([sampling.reasoningEffort, echo['display']]).toEqual([effort, display]);
});

test('a strict schema for the answer', () => {
  const schema = { type: 'object', properties: {} };
  const { sampling } = decode({ messages: [user('Hi')], output_config: { format: { type: 'json_schema', schema } } });
  expect(sampling.responseFormat).toEqual({ type: 'json_schema', name: 'answer', schema, strict: true });
});

const call = { role: 'assistant', content: [{ type: 'tool_use', id: 'c', name: 'f', input: {} }] };

test.each([
  [{}, 'missing_required_parameter', 'messages'],
  [{ messages: [] }, 'invalid_request', 'messages'],
  [{ messages: [user('Hi')], max_tokens: null }, 'missing_required_parameter', 'max_tokens'],
  [{ messages: [user('Hi')], max_tokens: 0 }, 'invalid_request', 'max_tokens'],
  [{ messages: [user('Hi')], temperature: 1.5 }, 'invalid_request', 'temperature'],
  [{ messages: [{ role: 'tool', content: 'x' }] }, 'invalid_request', 'messages[0].role'],
  [{ messages: [user(' ')] }, 'invalid_request', 'messages'],
  [{ messages: [user(7)] }, 'invalid_request', 'messages[0].content'],
  [{ messages: [user('Hi')], system: [{ type: 'text', text: 5 }] }, 'invalid_request', 'system[0].text'],
  [{ messages: [user('Hi')], system: [{ type: 'text' }] }, 'missing_required_parameter', 'system[0].text'],
  [{ messages: [user([{ text: 'x' }])] }, 'missing_required_parameter', 'messages[0].content[0].type'],
  [{ messages: [user('x'.repeat(1_001))] }, 'string_above_max_length', 'messages[0].content'],
  [
    { messages: [user('Hi'), call, user([{ type: 'tool_result', tool_use_id: 'd' }])] },
    'invalid_request',
    'messages[2].content[0].tool_use_id',
  ],
  [
    { messages: [user([{ type: 'image', source: { type: 'file', file_id: 'f' } }])] },
    'unsupported_content_type',
    'messages[0].content[0].source.type',
  ],
  [{ messages: [user('Hi')], tools: [{ name: 'a b', input_schema: {} }] }, 'invalid_request', 'tools[0].name'],
  [{ messages: [user('Hi')], tools: [{ name: 'a' }] }, 'missing_required_parameter', 'tools[0].input_schema'],
  [{ messages: [user('Hi')], tool_choice: { type: 'tool', name: 'x' } }, 'invalid_request', 'tool_choice.name'],
  [{ messages: [user('Hi')], thinking: { type: 'often' } }, 'invalid_request', 'thinking.type'],
  [
    { messages: [user('Hi')], thinking: { type: 'enabled', budget_tokens: 5 } },
    'invalid_request',
    'thinking.budget_tokens',
  ],
  [{ messages: [user('Hi')], output_config: { effort: 'most' } }, 'invalid_request', 'output_config.effort'],
  [{ messages: [user('Hi')], cache_control: 'ephemeral' }, 'invalid_request', 'cache_control'],
  [{ messages: [user('Hi')], context_management: [1] }, 'invalid_request', 'context_management'],
  [{ messages: [user('Hi')], service_tier: 5 }, 'invalid_request', 'service_tier'],
  [{ messages: [user('Hi')], speed: { fast: true } }, 'invalid_request', 'speed'],
  [{ messages: [user('Hi')], inference_geo: true }, 'invalid_request', 'inference_geo'],
  [{ messages: [user('Hi')], max_tokens: -2 }, 'invalid_request', 'max_tokens'],
  [
    { messages: [user('Hi')], tools: [{ name: 'a', input_schema: {}, cache_control: 5 }] },
    'invalid_request',
    'tools[0].cache_control',
  ],
])('%j is refused with %s at %s', (body, code, param) => {
  expect(refusal(body)).toEqual({ code, param });
});

test('a thread is refused with the codes that its SDK knows, before its messages are read', () => {
  const result = user([{ type: 'tool_result', tool_use_id: 'call_0', content: 'Sunny' }]);
  const continued = { type: 'continue', previous_message_id: 'msg_1' };
  expect(refusal({ messages: [user('Hi')], thread: { type: 'create' } })).toEqual({
    code: 'thread_unsupported_request',
    param: 'thread',
  });
  expect(refusal({ messages: [result], thread: continued })).toEqual({
    code: 'thread_not_found',
    param: 'thread.previous_message_id',
  });
  expect(refusal({ messages: [user('Hi')], thread: { type: 'fork' } })).toMatchObject({ param: 'thread.type' });
  expect(refusal({ messages: [user('Hi')], thread: {} })).toMatchObject({ param: 'thread.type' });
  expect(refusal({ messages: [user('Hi')], thread: 'create' })).toMatchObject({ param: 'thread' });
  expect(decode({ messages: [user('Hi')], thread: null }).leftOut ?? []).toEqual([]);
});

test('-1 is no bound, and null is no wish', () => {
  const draft = decode({ messages: [user('Hi')], max_tokens: -1, cache_control: null, speed: null });
  expect(draft.sampling).not.toHaveProperty('outputTokensMax');
});

test('what only this API has words for goes on, and the rest is named', () => {
  const otherFields = { cache_control: { type: 'ephemeral' }, container: 'c', speed: 'x'.repeat(20_000) };
  const headers = { 'anthropic-beta': 'context-management-2025-06-27, oauth-2025-04-20,Bad Beta,a-1,a-1' };
  const { sampling, leftOut } = decode({ messages: [user('Hi')], ...otherFields }, headers);
  expect(sampling.messagesApi).toEqual({
    fields: { cache_control: { type: 'ephemeral' } },
    betas: ['context-management-2025-06-27', 'a-1'],
  });
  expect(leftOut).toEqual(['container', 'speed']);
});
