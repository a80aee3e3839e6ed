import { ERRORS, GatewayError, LIMITS } from '#libs/contract';
import { decodeResponses } from '../../../support/responses-request.js';

const many = (n: number, value: (i: number) => unknown) => Array.from({ length: n }, (_, i) => value(i));
const long = (n: number) => 'x'.repeat(n);
const TOO_LONG = long(LIMITS.messageTextCharsMax + 1);
const fn = (name: unknown, more: object = {}) => ({ type: 'function', name, ...more });
const item = (value: unknown) => ({ input: ['Hi', value] });
const user = (content: unknown) => item({ role: 'user', content });
const part = (value: unknown) => user([{ type: 'input_text', text: 'Look:' }, value]);
const image = (image_url: unknown) => part({ type: 'input_image', image_url });
const call = (fields: object) => item({ type: 'function_call', call_id: 'c', name: 'f', arguments: '{}', ...fields });
const result = (fields: object) => item({ type: 'function_call_output', call_id: 'c', output: 'x', ...fields });
const tools = (...list: unknown[]) => ({ input: 'Hi', tools: list });
const choice = (tool_choice: unknown) => ({ input: 'Hi', tools: [fn('clock'), { type: 'web_search' }], tool_choice });
const allowed = (fields: object) => choice({ type: 'allowed_tools', ...fields });
const format = (fields: object) => ({ input: 'Hi', text: { format: { type: 'json_schema', ...fields } } });
const hugeSchema = { description: long(LIMITS.toolSchemaBytesMax) };

type Row = readonly [param: string, code: string, body: object];

/** Wrong values of top-level fields; `input` is fine in all of them. */
const FIELDS: readonly Row[] = (
  [
    ['model', 5],
    ['model', ''],
    ['model', long(LIMITS.modelNameCharsMax + 1)],
    ['instructions', 5],
    ['instructions', ['x']],
    ['previous_response_id', 5],
    ['previous_response_id', ''],
    ['previous_response_id', long(65)],
    ['conversation', 5],
    ['conversation', ''],
    ['conversation', []],
    ['conversation_history', 'x'],
    ['conversation_history', {}],
    ['store', 'no'],
    ['store', 1],
    ['background', 'true'],
    ['background', 1],
    ['stream', 1],
    ['stream', 'yes'],
    ['stream_options', true],
    ['tools', {}],
    ['tools', 'clock'],
    ['tool_choice', 5],
    ['tool_choice', []],
    ['tool_choice', 'any'],
    ['parallel_tool_calls', 'true'],
    ['max_tool_calls', 0],
    ['max_tool_calls', 1.5],
    ['max_output_tokens', 0],
    ['max_output_tokens', -2],
    ['max_output_tokens', '9'],
    ['max_output_tokens', 2 ** 53],
    ['temperature', '1'],
    ['temperature', -0.1],
    ['temperature', 2.1],
    ['top_p', -1],
    ['top_p', 1.01],
    ['top_logprobs', -1],
    ['top_logprobs', 21],
    ['top_logprobs', 1.5],
    ['presence_penalty', 3],
    ['frequency_penalty', -2.5],
    ['text', 'json'],
    ['text', [1]],
    ['reasoning', 'high'],
    ['include', 'x'],
    ['include', [5]],
    ['truncation', 'some'],
    ['truncation', true],
    ['metadata', [1]],
    ['metadata', 'x'],
    ['metadata', Object.fromEntries(many(17, (i) => [`k${i}`, 'v']) as [string, string][])],
    ['service_tier', 1],
    ['service_tier', ''],
    ['safety_identifier', 5],
    ['safety_identifier', long(513)],
    ['prompt_cache_key', 5],
    ['user', {}],
  ] as [string, unknown][]
).map(([param, value]) => [param, 'invalid_request', { input: 'Hi', [param]: value }]);

const BODIES: readonly Row[] = [
  ['input', 'missing_required_parameter', {}],
  ['input', 'missing_required_parameter', { input: null }],
  ['input', 'invalid_request', { input: 5 }],
  ['input', 'invalid_request', { input: {} }],
  ['input', 'invalid_request', { input: [] }],
  ['input', 'invalid_request', { input: '' }],
  ['input', 'invalid_request', { input: ' \n' }],
  ['input', 'invalid_request', { input: [{ role: 'user', content: [] }] }],
  ['input', 'invalid_request', { input: [{ role: 'assistant', content: 'Hi' }] }],
  ['input', 'array_above_max_length', { input: many(LIMITS.messagesMax + 1, () => 'Hi') }],
  ['input[0].content', 'string_above_max_length', { input: TOO_LONG }],
  ['instructions', 'string_above_max_length', { input: 'Hi', instructions: TOO_LONG }],
  ['prompt', 'unsupported_parameter', { input: 'Hi', prompt: { id: 'pmpt_1' } }],
  ['include', 'array_above_max_length', { input: 'Hi', include: many(33, () => 'x') }],
  ['background', 'invalid_request', { input: 'Hi', background: true, store: false }],
  [
    'stream_options.include_obfuscation',
    'invalid_request',
    { input: 'Hi', stream_options: { include_obfuscation: 1 } },
  ],
  ['previous_response_id', 'previous_response_not_found', { input: 'Hi', previous_response_id: 'resp_1' }],
  ['previous_response_id', 'previous_response_not_found', { input: 'Hi', previous_response_id: `run_${long(32)}` }],
  [
    'previous_response_id',
    'invalid_request',
    { input: 'Hi', previous_response_id: `resp_${'a'.repeat(32)}`, conversation: 'chat' },
  ],
  ['conversation.id', 'missing_required_parameter', { input: 'Hi', conversation: {} }],
  ['conversation.id', 'invalid_request', { input: 'Hi', conversation: { id: 5 } }],
  ['conversation.id', 'invalid_request', { input: 'Hi', conversation: { id: '' } }],
  ['conversation', 'string_above_max_length', { input: 'Hi', conversation: long(257) }],
  ['metadata.k', 'invalid_request', { input: 'Hi', metadata: { k: 5 } }],
  ['metadata.k', 'string_above_max_length', { input: 'Hi', metadata: { k: long(513) } }],
  ['metadata', 'string_above_max_length', { input: 'Hi', metadata: { [long(65)]: 'v' } }],
  ['reasoning.effort', 'invalid_request', { input: 'Hi', reasoning: { effort: 5 } }],
  ['reasoning.effort', 'invalid_request', { input: 'Hi', reasoning: { effort: '' } }],
  ['reasoning.summary', 'invalid_request', { input: 'Hi', reasoning: { summary: true } }],
  ['reasoning.summary', 'invalid_request', { input: 'Hi', reasoning: { summary: long(65) } }],
  ['conversation_history[0]', 'invalid_request', { input: 'Hi', conversation_history: ['x'] }],
  ['conversation_history[0].type', 'missing_required_parameter', { input: 'Hi', conversation_history: [{}] }],
  [
    'conversation_history[0].content',
    'missing_required_parameter',
    { input: 'Hi', conversation_history: [{ role: 'user' }] },
  ],
  [
    'conversation_history[1]',
    'invalid_request',
    {
      input: 'Hi',
      conversation_history: [
        { role: 'user', content: 'x' },
        { type: 'reasoning', summary: [] },
      ],
    },
  ],
  [
    'conversation_history[0].content',
    'unsupported_content_type',
    { input: 'Hi', conversation_history: [{ role: 'user', content: [{ type: 'input_file', file_id: 'f' }] }] },
  ],
];

const ITEMS: readonly Row[] = [
  ['input[1]', 'invalid_request', item(5)],
  ['input[1]', 'invalid_request', item(null)],
  ['input[1]', 'invalid_request', item([])],
  ['input[1].type', 'missing_required_parameter', item({})],
  ['input[1].type', 'invalid_request', item({ type: 5 })],
  ['input[1].role', 'missing_required_parameter', item({ type: 'message', content: 'x' })],
  ['input[1].role', 'invalid_request', item({ role: 'tool', content: 'x' })],
  ['input[1].role', 'invalid_request', item({ role: 5, content: 'x' })],
  ['input[1].content', 'missing_required_parameter', item({ role: 'user' })],
  ['input[1].content', 'missing_required_parameter', user(null)],
  ['input[1].content', 'invalid_request', user(5)],
  ['input[1].content', 'invalid_request', user({})],
  ['input[1].content', 'string_above_max_length', user(TOO_LONG)],
  ['input[1].content', 'array_above_max_length', user(many(LIMITS.contentPartsMax + 1, () => ''))],
  ['input[1].content', 'invalid_content_part', part(5)],
  ['input[1].content', 'invalid_content_part', part({})],
  ['input[1].content', 'invalid_content_part', part({ type: 'input_text' })],
  ['input[1].content', 'invalid_content_part', part({ type: 'input_text', text: 5 })],
  ['input[1].content', 'unsupported_content_type', part({ type: 'input_file', file_data: 'data:;base64,AA' })],
  ['input[1].content', 'unsupported_content_type', part({ type: 'input_file', file_url: 'https://x.test/a.pdf' })],
  ['input[1].content', 'unsupported_content_type', part({ type: 'input_audio', input_audio: {} })],
  ['input[1].content', 'unsupported_content_type', part({ type: 'input_image', file_id: 'file_1' })],
  ['input[1].content', 'unsupported_content_type', part({ type: 'refusal', refusal: 'No.' })],
  ['input[1].content', 'unsupported_content_type', image('data:text/html,x')],
  ['input[1].content', 'invalid_image_url', image(undefined)],
  ['input[1].content', 'invalid_image_url', image('')],
  ['input[1].content', 'invalid_image_url', image('file:///etc/passwd')],
  ['input[1].content', 'invalid_image_url', image('data:image/png;base64,')],
  ['input[1].content', 'invalid_content_part', image(5)],
  [
    'input[1].content',
    'invalid_content_part',
    part({ type: 'input_image', image_url: 'https://x.test/a.png', detail: 5 }),
  ],
  [
    'input[1].content',
    'unsupported_content_type',
    item({ role: 'assistant', content: [{ type: 'input_image', image_url: 'https://x.test/a.png' }] }),
  ],
  [
    'input[1].content',
    'unsupported_content_type',
    item({ role: 'system', content: [{ type: 'input_image', image_url: 'https://x.test/a.png' }] }),
  ],
  ['input[1].call_id', 'missing_required_parameter', call({ call_id: undefined })],
  ['input[1].call_id', 'invalid_request', call({ call_id: '' })],
  ['input[1].call_id', 'invalid_request', call({ call_id: 5 })],
  ['input[1].name', 'missing_required_parameter', call({ name: undefined })],
  ['input[1].name', 'invalid_request', call({ name: '' })],
  ['input[1].namespace', 'invalid_request', call({ namespace: 5 })],
  ['input[1].status', 'invalid_request', call({ status: 5 })],
  ['input[1].arguments', 'missing_required_parameter', call({ arguments: undefined })],
  ['input[1].arguments', 'invalid_request', call({ arguments: {} })],
  ['input[1].arguments', 'string_above_max_length', call({ arguments: long(LIMITS.toolArgumentsCharsMax + 1) })],
  ['input[1].call_id', 'missing_required_parameter', result({ call_id: undefined })],
  ['input[1].output', 'missing_required_parameter', result({ output: undefined })],
  ['input[1].output', 'invalid_request', result({ output: 5 })],
  ['input[1].output', 'string_above_max_length', result({ output: TOO_LONG })],
  [
    'input[1].output',
    'unsupported_content_type',
    result({ output: [{ type: 'input_image', image_url: 'data:text/html,x' }] }),
  ],
  ['input[1].output', 'unsupported_content_type', result({ output: [{ type: 'input_file', file_id: 'f' }] })],
  ['input[1].output', 'invalid_image_url', result({ output: [{ type: 'input_image', image_url: 'file:///x' }] })],
  ['input[1].output', 'array_above_max_length', result({ output: many(LIMITS.contentPartsMax + 1, () => '') })],
  ['input', 'invalid_request', result({})],
  ['input[1].summary', 'invalid_request', item({ type: 'reasoning', summary: 'x' })],
  ['input[1].content', 'invalid_request', item({ type: 'reasoning', summary: [], content: 'x' })],
  ['input[1].id', 'missing_required_parameter', item({ type: 'item_reference' })],
  ['input[1].id', 'invalid_request', item({ type: 'item_reference', id: 5 })],
  ['input[1].call_id', 'missing_required_parameter', item({ type: 'custom_tool_call', name: 'f', input: 'x' })],
  ['input[1].name', 'missing_required_parameter', item({ type: 'custom_tool_call', call_id: 'c', input: 'x' })],
  ['input[1].input', 'missing_required_parameter', item({ type: 'custom_tool_call', call_id: 'c', name: 'f' })],
  ['input[1].input', 'invalid_request', item({ type: 'custom_tool_call', call_id: 'c', name: 'f', input: {} })],
  ['input[1].call_id', 'missing_required_parameter', item({ type: 'custom_tool_call_output', output: 'x' })],
  ['input[1].id', 'missing_required_parameter', item({ type: 'mcp_call', name: 'f', output: 'x' })],
  ['input[1].name', 'missing_required_parameter', item({ type: 'mcp_call', id: 'mcp_1', output: 'x' })],
  ['input[1].output', 'invalid_request', item({ type: 'mcp_call', id: 'mcp_1', name: 'f', output: 5 })],
  ['input[1].tools', 'invalid_request', item({ type: 'additional_tools', role: 'developer', tools: {} })],
  [
    'input[1].tools[0].name',
    'missing_required_parameter',
    item({ type: 'additional_tools', tools: [{ type: 'custom' }] }),
  ],
  ['input[1].reasoning', 'invalid_request', item({ type: 'configuration_update', reasoning: 'high' })],
  ['input[0]', 'invalid_request', { input: [{ type: 'compaction_trigger' }, 'Hi'] }],
  [
    'tools[0].format.definition',
    'missing_required_parameter',
    tools({ type: 'custom', name: 'p', format: { type: 'grammar' } }),
  ],
  ['input[1].encrypted_content', 'missing_required_parameter', item({ type: 'compaction' })],
  ['input[1].id', 'invalid_request', item({ role: 'user', content: 'x', id: 5 })],
  ['input[1].id', 'invalid_request', item({ role: 'user', content: 'x', id: '' })],
  ['input[1].id', 'invalid_request', { input: [0, 1].map(() => ({ id: 'a', role: 'user', content: 'x' })) }],
];

const TOOLS: readonly Row[] = [
  ['tools[0]', 'invalid_request', tools(5)],
  ['tools[0].type', 'missing_required_parameter', tools({})],
  ['tools[0].type', 'invalid_request', tools({ type: 5 })],
  ['tools[0].type', 'invalid_request', tools({ type: '' })],
  ['tools[0].name', 'missing_required_parameter', tools({ type: 'function' })],
  ['tools[0].name', 'missing_required_parameter', tools({ type: 'function', function: { name: 'chat_form' } })],
  ['tools[0].name', 'invalid_request', tools(fn('has space'))],
  ['tools[0].name', 'invalid_request', tools(fn(long(65)))],
  ['tools[1].name', 'invalid_request', tools(fn('a'), fn('a'))],
  ['tools[0].description', 'invalid_request', tools(fn('a', { description: 5 }))],
  ['tools[0].parameters', 'invalid_request', tools(fn('a', { parameters: [1] }))],
  ['tools[0].parameters', 'invalid_request', tools(fn('a', { parameters: hugeSchema }))],
  ['tools[0].strict', 'invalid_request', tools(fn('a', { strict: 'yes' }))],
  ['tools[0].name', 'missing_required_parameter', tools({ type: 'namespace', tools: [] })],
  ['tools[0].name', 'invalid_request', tools({ type: 'namespace', name: 'a b', tools: [] })],
  ['tools[0].tools', 'missing_required_parameter', tools({ type: 'namespace', name: 'a' })],
  ['tools[0].tools', 'invalid_request', tools({ type: 'namespace', name: 'a', tools: {} })],
  ['tools[0].tools[0]', 'invalid_request', tools({ type: 'namespace', name: 'a', tools: [5] })],
  ['tools[0].tools[0].name', 'invalid_request', tools({ type: 'namespace', name: 'a', tools: [fn('b c')] })],
  ['tools[0].tools[1].name', 'invalid_request', tools({ type: 'namespace', name: 'a', tools: [fn('b'), fn('b')] })],
  ['tools[1].tools[0].name', 'invalid_request', tools(fn('a__b'), { type: 'namespace', name: 'a', tools: [fn('b')] })],
  ['tools', 'array_above_max_length', tools(...many(LIMITS.toolsMax + 1, (i) => fn(`t${i}`)))],
  [
    'tools',
    'array_above_max_length',
    tools(fn('one'), { type: 'namespace', name: 'a', tools: many(LIMITS.toolsMax, (i) => fn(`t${i}`)) }),
  ],
  ['tool_choice.type', 'missing_required_parameter', choice({})],
  ['tool_choice.name', 'missing_required_parameter', choice({ type: 'function' })],
  ['tool_choice.name', 'missing_required_parameter', choice({ type: 'function', function: { name: 'clock' } })],
  ['tool_choice.name', 'invalid_request', choice({ type: 'function', name: 'other' })],
  ['tool_choice.name', 'invalid_request', choice({ type: 'function', name: 'clock', namespace: 'crm' })],
  ['tool_choice', 'unsupported_parameter', choice({ type: 'web_search' })],
  ['tool_choice', 'unsupported_parameter', choice({ type: 'mcp', server_label: 'x' })],
  ['tool_choice.name', 'invalid_request', choice({ type: 'custom', name: 'x' })],
  ['tool_choice.mode', 'missing_required_parameter', allowed({ tools: [fn('clock')] })],
  ['tool_choice.mode', 'invalid_request', allowed({ mode: 'none', tools: [fn('clock')] })],
  ['tool_choice.tools', 'missing_required_parameter', allowed({ mode: 'auto' })],
  ['tool_choice.tools', 'invalid_request', allowed({ mode: 'auto', tools: {} })],
  ['tool_choice.tools', 'invalid_request', allowed({ mode: 'auto', tools: [] })],
  ['tool_choice.tools[0]', 'invalid_request', allowed({ mode: 'auto', tools: ['clock'] })],
  ['tool_choice.tools[0].name', 'invalid_request', allowed({ mode: 'auto', tools: [fn('other')] })],
  ['tool_choice.tools[0].type', 'invalid_request', allowed({ mode: 'auto', tools: [{ type: 'mcp' }] })],
  ['tool_choice.tools', 'unsupported_parameter', allowed({ mode: 'required', tools: [{ type: 'web_search' }] })],
  [
    'tool_choice.tools[0].name',
    'invalid_request',
    allowed({ mode: 'auto', tools: [{ type: 'namespace', name: 'x' }] }),
  ],
  ['text.verbosity', 'invalid_request', { input: 'Hi', text: { verbosity: 'loud' } }],
  ['text.format', 'invalid_request', { input: 'Hi', text: { format: 'json' } }],
  ['text.format.type', 'missing_required_parameter', { input: 'Hi', text: { format: {} } }],
  ['text.format.type', 'invalid_request', { input: 'Hi', text: { format: { type: 'xml' } } }],
  ['text.format.name', 'missing_required_parameter', format({ schema: {} })],
  ['text.format.name', 'invalid_request', format({ name: 'a b', schema: {} })],
  ['text.format.schema', 'missing_required_parameter', format({ name: 'a' })],
  ['text.format.schema', 'missing_required_parameter', format({ name: 'a', json_schema: {} })],
  ['text.format.schema', 'invalid_request', format({ name: 'a', schema: [1] })],
  ['text.format.schema', 'invalid_request', format({ name: 'a', schema: hugeSchema })],
  ['text.format.strict', 'invalid_request', format({ name: 'a', schema: {}, strict: 1 })],
  ['text.format.description', 'invalid_request', format({ name: 'a', schema: {}, description: 1 })],
];

const ROWS = [...FIELDS, ...BODIES, ...ITEMS, ...TOOLS].map((row, i) => [i, ...row] as const);

describe('POST /v1/responses refuses', () => {
  test.each(ROWS)('#%i: %s with %s', (_, param, code, body) => {
    const error = refusalOf(body);
    expect({ param: error.param, code: error.code }).toEqual({ param, code });
    expect(ERRORS[error.code].status).toBe(code === 'previous_response_not_found' ? 404 : 400);
    if (code !== 'previous_response_not_found') expect(error.message).toMatch(/^'[\w.[\]]+' .+\.$/);
  });

  test('a body that is no object', () => {
    expect(refusalOf([]).code).toBe('invalid_request');
  });
});

function refusalOf(body: object): GatewayError {
  try {
    decodeResponses(body);
  } catch (cause) {
    if (cause instanceof GatewayError) return cause;
    throw cause;
  }
  throw new Error('it was accepted');
}
