import { ERRORS, GatewayError, LIMITS } from '#libs/contract';
import { decodeChat } from '../../../support/chat-request.js';

const hello = { role: 'user', content: 'Hello' };
const fn = (name: unknown, more: object = {}) => ({ type: 'function', function: { name, ...more } });
const call = { id: 'c1', type: 'function', function: { name: 'clock', arguments: '{}' } };
const many = (n: number, value: (i: number) => unknown) => Array.from({ length: n }, (_, i) => value(i));
const words = (n: number) => 'x'.repeat(n);
const user = (content: unknown) => ({ messages: [hello, { role: 'user', content }] });
const part = (value: unknown) => user(['Look:', value]);
const image = (url: unknown) => part({ type: 'image_url', image_url: { url } });
const assistant = (fields: object) => ({ messages: [hello, { role: 'assistant', ...fields }] });
const withTools = (tool_choice: unknown) => ({ messages: [hello], tools: [fn('clock')], tool_choice });
const allowed = (fields: object) => withTools({ type: 'allowed_tools', allowed_tools: fields });
const format = (json_schema: unknown) => ({ messages: [hello], response_format: { type: 'json_schema', json_schema } });

type Row = readonly [param: string, code: string, body: object];

/** Wrong values of top-level fields; `messages` is fine in all of them. */
const FIELDS: readonly Row[] = (
  [
    ['model', 5],
    ['model', ''],
    ['model', words(LIMITS.modelNameCharsMax + 1)],
    ['stream', 1],
    ['stream', 'yes'],
    ['stream', ''],
    ['stream_options', true],
    ['stream_options', [1]],
    ['temperature', '1'],
    ['temperature', -0.1],
    ['temperature', 2.1],
    ['temperature', true],
    ['temperature', [1]],
    ['top_p', -1],
    ['top_p', 1.01],
    ['top_p', {}],
    ['max_tokens', 0],
    ['max_tokens', -5],
    ['max_tokens', 1.5],
    ['max_tokens', '9'],
    ['max_tokens', 2 ** 53],
    ['max_completion_tokens', -2],
    ['max_completion_tokens', 0],
    ['max_completion_tokens', true],
    ['stop', 5],
    ['stop', {}],
    ['stop', ''],
    ['seed', 1.5],
    ['seed', '1'],
    ['seed', 2 ** 53 + 2],
    ['presence_penalty', 3],
    ['frequency_penalty', -2.5],
    ['logit_bias', [1]],
    ['logit_bias', 'x'],
    ['logprobs', 1],
    ['logprobs', 'true'],
    ['top_logprobs', -1],
    ['top_logprobs', 21],
    ['top_logprobs', 1.5],
    ['top_logprobs', 5],
    ['response_format', 'json'],
    ['response_format', [1]],
    ['tools', {}],
    ['tools', 'clock'],
    ['tool_choice', 5],
    ['tool_choice', []],
    ['tool_choice', 'any'],
    ['parallel_tool_calls', 'true'],
    ['reasoning_effort', 3],
    ['reasoning_effort', ''],
    ['verbosity', 'loud'],
    ['service_tier', 1],
    ['user', 5],
    ['user', words(513)],
    ['metadata', [1]],
    ['metadata', 'x'],
    ['metadata', Object.fromEntries(many(17, (i) => [`k${i}`, 'v']) as [string, string][])],
  ] as [string, unknown][]
).map(([param, value]) => [param, 'invalid_request', { messages: [hello], [param]: value }]);

const UNSUPPORTED: readonly Row[] = (
  [
    ['n', 2],
    ['n', 0],
    ['n', '1'],
    ['n', 1.5],
    ['functions', []],
    ['functions', [{ name: 'f' }]],
    ['function_call', 'auto'],
    ['modalities', ['text', 'audio']],
    ['modalities', 'text'],
  ] as [string, unknown][]
).map(([param, value]) => [param, 'unsupported_parameter', { messages: [hello], [param]: value }]);

const NESTED: readonly Row[] = [
  ['stream_options.include_usage', 'invalid_request', { messages: [hello], stream_options: { include_usage: 'yes' } }],
  ['stop', 'array_above_max_length', { messages: [hello], stop: ['a', 'b', 'c', 'd', 'e'] }],
  ['stop[1]', 'invalid_request', { messages: [hello], stop: ['a', 5] }],
  ['stop[0]', 'invalid_request', { messages: [hello], stop: [''] }],
  ['logit_bias', 'invalid_request', { messages: [hello], logit_bias: { 7: 101 } }],
  ['logit_bias', 'invalid_request', { messages: [hello], logit_bias: { 7: '1' } }],
  ['metadata.a', 'invalid_request', { messages: [hello], metadata: { a: 5 } }],
  ['metadata.a', 'string_above_max_length', { messages: [hello], metadata: { a: words(513) } }],
  ['metadata', 'string_above_max_length', { messages: [hello], metadata: { [words(65)]: 'v' } }],
  ['response_format.type', 'missing_required_parameter', { messages: [hello], response_format: {} }],
  ['response_format.type', 'invalid_request', { messages: [hello], response_format: { type: 'xml' } }],
  ['response_format.json_schema', 'missing_required_parameter', format(undefined)],
  ['response_format.json_schema', 'invalid_request', format('x')],
  ['response_format.json_schema.name', 'missing_required_parameter', format({})],
  ['response_format.json_schema.name', 'invalid_request', format({ name: 'a b' })],
  ['response_format.json_schema.schema', 'invalid_request', format({ name: 'a', schema: [1] })],
  ['response_format.json_schema.schema', 'invalid_request', format({ name: 'a', schema: { d: words(65_536) } })],
  ['response_format.json_schema.strict', 'invalid_request', format({ name: 'a', strict: 'yes' })],
];

const TOOLS: readonly Row[] = [
  ...(
    [
      ['tools[0]', 'invalid_request', ['clock']],
      ['tools[0].type', 'missing_required_parameter', [{ function: { name: 'a' } }]],
      ['tools[0].custom', 'missing_required_parameter', [{ type: 'custom', name: 'a' }]],
      ['tools[0].custom.name', 'invalid_request', [{ type: 'custom', custom: { name: 'a b' } }]],
      ['tools[0].function', 'missing_required_parameter', [{ type: 'function' }]],
      ['tools[1].function.name', 'missing_required_parameter', [fn('a'), fn(undefined)]],
      ['tools[0].function.name', 'invalid_request', [fn('')]],
      ['tools[0].function.name', 'invalid_request', [fn('a b')]],
      ['tools[0].function.name', 'invalid_request', [fn('a\n')]],
      ['tools[0].function.name', 'invalid_request', [fn(words(65))]],
      ['tools[0].function.name', 'invalid_request', [fn(7)]],
      ['tools[1].function.name', 'invalid_request', [fn('a'), fn('a')]],
      ['tools[0].function.description', 'invalid_request', [fn('a', { description: 1 })]],
      ['tools[0].function.parameters', 'invalid_request', [fn('a', { parameters: 'x' })]],
      ['tools[0].function.parameters', 'invalid_request', [fn('a', { parameters: { d: 'é'.repeat(32_768) } })]],
      ['tools[0].function.strict', 'invalid_request', [fn('a', { strict: 1 })]],
      ['tools', 'array_above_max_length', many(LIMITS.toolsMax + 1, (i) => fn(`t${i}`))],
    ] as [string, string, unknown][]
  ).map(([param, code, tools]): Row => [param, code, { messages: [hello], tools }]),
  ['tool_choice.type', 'missing_required_parameter', withTools({})],
  ['tool_choice.custom', 'missing_required_parameter', withTools({ type: 'custom' })],
  ['tool_choice.function', 'missing_required_parameter', withTools({ type: 'function' })],
  ['tool_choice.function.name', 'missing_required_parameter', withTools({ type: 'function', function: {} })],
  ['tool_choice.function.name', 'invalid_request', withTools(fn('other'))],
  ['tool_choice.function.name', 'invalid_request', { messages: [hello], tool_choice: fn('clock') }],
  ['tool_choice.allowed_tools', 'missing_required_parameter', withTools({ type: 'allowed_tools' })],
  ['tool_choice.allowed_tools.mode', 'missing_required_parameter', allowed({ tools: [fn('clock')] })],
  ['tool_choice.allowed_tools.mode', 'invalid_request', allowed({ mode: 'none', tools: [fn('clock')] })],
  ['tool_choice.allowed_tools.tools', 'missing_required_parameter', allowed({ mode: 'auto' })],
  ['tool_choice.allowed_tools.tools', 'invalid_request', allowed({ mode: 'auto', tools: [] })],
  [
    'tool_choice.allowed_tools.tools[1].function.name',
    'invalid_request',
    allowed({ mode: 'auto', tools: [fn('clock'), fn('x')] }),
  ],
  [
    'tool_choice.allowed_tools.tools[0].type',
    'unsupported_parameter',
    allowed({ mode: 'auto', tools: [{ type: 'mcp' }] }),
  ],
];

const MESSAGES: readonly Row[] = [
  ['messages', 'missing_required_parameter', {}],
  ['messages', 'invalid_request', { messages: 'Hello' }],
  ['messages', 'invalid_request', { messages: {} }],
  ['messages', 'invalid_request', { messages: [] }],
  ['messages', 'array_above_max_length', { messages: many(LIMITS.messagesMax + 1, () => hello) }],
  ['messages', 'invalid_request', { messages: [{ role: 'system', content: ' ' }] }],
  ['messages', 'invalid_request', { messages: [{ role: 'user', content: ' \n' }] }],
  [
    'messages',
    'invalid_request',
    {
      messages: [
        { role: 'user', content: [] },
        { role: 'assistant', content: 'Hi' },
      ],
    },
  ],
  ['messages[1]', 'invalid_request', { messages: [hello, 'Hello'] }],
  ['messages[0]', 'invalid_request', { messages: [null] }],
  ['messages[0].role', 'missing_required_parameter', { messages: [{ content: 'Hello' }] }],
  ['messages[0].role', 'invalid_request', { messages: [{ role: 5, content: 'Hello' }] }],
  ['messages[0].role', 'invalid_request', { messages: [{ role: 'robot', content: 'Hello' }] }],
  ['messages[1].role', 'unsupported_parameter', { messages: [hello, { role: 'function', name: 'f', content: '1' }] }],
  ['messages[0].name', 'invalid_request', { messages: [{ ...hello, name: 5 }] }],
  ['messages[1].content', 'missing_required_parameter', user(null)],
  ['messages[1].content', 'invalid_request', user(5)],
  ['messages[1].content', 'invalid_request', user({ type: 'text', text: 'Hello' })],
  ['messages[1].content', 'string_above_max_length', user(words(LIMITS.messageTextCharsMax + 1))],
  ['messages[1].content', 'array_above_max_length', user(many(LIMITS.contentPartsMax + 1, () => 'x'))],
  [
    'messages[0].content',
    'string_above_max_length',
    { messages: [{ role: 'system', content: words(LIMITS.messageTextCharsMax + 1) }, hello] },
  ],
  ['messages[1].refusal', 'invalid_request', assistant({ refusal: 5 })],
  ['messages[1].refusal', 'string_above_max_length', assistant({ refusal: words(LIMITS.messageTextCharsMax + 1) })],
  ['messages[1].function_call', 'unsupported_parameter', assistant({ function_call: { name: 'f', arguments: '' } })],
  ['messages[1].tool_calls', 'invalid_request', assistant({ tool_calls: {} })],
  ['messages[1].tool_calls', 'array_above_max_length', assistant({ tool_calls: many(129, () => call) })],
  ['messages[1].tool_calls[0]', 'invalid_request', assistant({ tool_calls: [5] })],
  ['messages[1].tool_calls[0].id', 'missing_required_parameter', assistant({ tool_calls: [{ ...call, id: null }] })],
  ['messages[1].tool_calls[0].id', 'invalid_request', assistant({ tool_calls: [{ ...call, id: '' }] })],
  [
    'messages[1].tool_calls[1].type',
    'unsupported_parameter',
    assistant({ tool_calls: [call, { ...call, type: 'shell' }] }),
  ],
  ['messages[1].tool_calls[0].function', 'missing_required_parameter', assistant({ tool_calls: [{ id: 'c' }] })],
  [
    'messages[1].tool_calls[0].function.name',
    'missing_required_parameter',
    assistant({ tool_calls: [{ id: 'c', function: {} }] }),
  ],
  [
    'messages[1].tool_calls[0].function.arguments',
    'missing_required_parameter',
    assistant({ tool_calls: [{ id: 'c', function: { name: 'f' } }] }),
  ],
  [
    'messages[1].tool_calls[0].function.arguments',
    'invalid_request',
    assistant({ tool_calls: [{ id: 'c', function: { name: 'f', arguments: {} } }] }),
  ],
  [
    'messages[1].tool_calls[0].function.arguments',
    'string_above_max_length',
    assistant({ tool_calls: [{ id: 'c', function: { name: 'f', arguments: words(262_145) } }] }),
  ],
  ['messages[1].tool_call_id', 'missing_required_parameter', { messages: [hello, { role: 'tool', content: 'x' }] }],
  [
    'messages[1].tool_call_id',
    'invalid_request',
    { messages: [hello, { role: 'tool', tool_call_id: 'c1', content: 'x' }] },
  ],
  [
    'messages[1].tool_call_id',
    'invalid_request',
    {
      messages: [hello, { role: 'tool', tool_call_id: 'c1', content: 'x' }, { role: 'assistant', tool_calls: [call] }],
    },
  ],
];

/** What a part of messages[1] is refused with; `param` is always the content of the message. */
const PARTS: readonly Row[] = (
  [
    ['unsupported_content_type', part({ type: 'file', file: { file_id: 'f' } })],
    ['unsupported_content_type', part({ type: 'input_file', file_id: 'f' })],
    ['unsupported_content_type', part({ type: 'input_audio', input_audio: {} })],
    ['unsupported_content_type', part({ type: 'video' })],
    ['unsupported_content_type', part({ type: 'refusal', refusal: 'no' })],
    ['unsupported_content_type', part({ type: 'input_image', file_id: 'f' })],
    ['unsupported_content_type', image('data:text/html,<b>')],
    ['unsupported_content_type', image('data:application/pdf;base64,AA==')],
    ['unsupported_content_type', image('DATA:,x')],
    ['unsupported_content_type', assistant({ content: [{ type: 'image_url', image_url: 'https://example.com/a' }] })],
    ['invalid_image_url', part({ type: 'image_url' })],
    ['invalid_image_url', part({ type: 'image_url', image_url: {} })],
    ['invalid_image_url', image('')],
    ['invalid_image_url', image(5)],
    ['invalid_image_url', image('ftp://example.com/a.png')],
    ['invalid_image_url', image('file:///etc/passwd')],
    ['invalid_image_url', image('javascript:alert(1)')],
    ['invalid_image_url', image('example.com/a.png')],
    ['invalid_image_url', image('https://')],
    ['invalid_image_url', image(' https://example.com')],
    ['invalid_image_url', image('data:image/png;base64,')],
    ['invalid_image_url', image('data:image/png')],
    ['invalid_content_part', part({ type: 'image_url', image_url: 5 })],
    ['invalid_content_part', part({ type: 'image_url', image_url: { url: 'https://example.com/a', detail: '' } })],
    ['invalid_content_part', part({ type: 'input_image', image_url: 'https://example.com/a', detail: 5 })],
    ['invalid_content_part', part({ type: 'text' })],
    ['invalid_content_part', part({ type: 'text', text: 5 })],
    ['invalid_content_part', part({ text: 'no type' })],
    ['invalid_content_part', part({ type: 7 })],
    ['invalid_content_part', part(5)],
    ['invalid_content_part', part(null)],
    ['invalid_content_part', part(['nested'])],
    ['invalid_content_part', assistant({ content: [{ type: 'refusal' }] })],
  ] as [string, object][]
).map(([code, body]) => ['messages[1].content', code, body]);

function refusalOf(body: object): GatewayError {
  try {
    decodeChat(body);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('the request was accepted');
}

describe.each([
  ['wrong values', FIELDS],
  ['fields we do not have', UNSUPPORTED],
  ['nested fields', NESTED],
  ['tools', TOOLS],
  ['messages', MESSAGES],
  ['content parts', PARTS],
])('refused: %s', (_, rows) => {
  test.each(rows.map(([param, code, body]) => [param, code, JSON.stringify(body).slice(0, 120), body] as const))(
    '%s is %s in %s',
    (param, code, _text, body) => {
      const refusal = refusalOf(body);
      expect({ param: refusal.param, code: refusal.code }).toEqual({ param, code });
      expect(ERRORS[refusal.code].status).toBe(400);
      // The message names the field too, for humans who see nothing else, and not what was sent.
      expect(refusal.message.startsWith(`'${param}`)).toBe(true);
      expect(refusal.message.length).toBeLessThan(200);
    },
  );
});
