import { leaveOut, refusedFields } from '../../../../libs/providers/src/upstream/refused-fields.js';

const body = {
  model: 'm',
  messages: [{ role: 'user', content: 'hi' }],
  temperature: 0.7,
  top_p: 0.9,
  max_tokens: 5,
  user: 'u',
  stop: ['END'],
  seed: 1,
  tools: [{ type: 'function', function: { name: 'f' } }],
  tool_choice: 'required',
  response_format: { type: 'json_object' },
  reasoning_effort: 'xhigh',
  parallel_tool_calls: false,
  stream: true,
  stream_options: { include_usage: true },
};
const refused = (message: string, more: object = {}, toolsAreOptional = true): readonly unknown[] =>
  refusedFields({ message, ...more }, { body, toolsAreOptional });

test.each<[string, object, object]>([
  ['`temperature` is deprecated for this model.', {}, { name: 'temperature' }],
  [
    'Unsupported parameter: temperature',
    { param: 'temperature', code: 'unsupported_parameter' },
    { name: 'temperature' },
  ],
  ["Unrecognized request argument supplied: 'seed'", {}, { name: 'seed' }],
  ['Unrecognized request argument supplied: stream_options', {}, { name: 'stream_options' }],
  ['Extra inputs are not permitted', { param: 'stream_options', type: 'extra_forbidden' }, { name: 'stream_options' }],
  [
    'Extra inputs are not permitted',
    { param: 'stream_options.include_usage', type: 'extra_forbidden' },
    { name: 'stream_options' },
  ],
  ["property 'parallel_tool_calls' is unsupported", {}, { name: 'parallel_tool_calls' }],
  ['Unknown name "user": Cannot find field. Invalid parameter.', {}, { name: 'user' }],
  ['Argument not supported on this model: stop', { param: 'stop' }, { name: 'stop' }],
  [
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    { param: 'max_tokens', code: 'unsupported_parameter' },
    { name: 'max_tokens' },
  ],
  [
    "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.",
    { param: 'temperature', code: 'unsupported_value' },
    { name: 'temperature', value: '0.7' },
  ],
  ['invalid temperature: only 1 is allowed for this model', {}, { name: 'temperature', value: '0.7' }],
  [
    "Unsupported value: 'xhigh' is not supported with this model. Supported values are: 'low', 'medium', and 'high'.",
    { param: 'reasoning_effort', code: 'unsupported_value' },
    { name: 'reasoning_effort', value: '"xhigh"' },
  ],
  [
    '`temperature` and `top_p` cannot both be specified for this model. Please use only one.',
    {},
    { name: 'top_p', value: '0.9' },
  ],
  ['registry.example/small does not support tools', {}, { name: 'tools' }],
  ['Function calling is not enabled for models/x', {}, { name: 'tools' }],
  ['No endpoints found that support tool use. Try disabling "f".', {}, { name: 'tools' }],
  ['"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set', {}, { name: 'tools' }],
  ['Tool call id was toolu_1 but must be a-z, A-Z, 0-9, with a length of 9.', {}, { name: 'tool_call_id' }],
])('%s %j', (message, more, field) => {
  expect(refused(message, more)).toEqual([field]);
});

test.each<[string, object]>([
  ['the user message holds an image, which is not supported', {}],
  ['stop right there: not allowed', {}],
  [
    "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 5 instead.",
    { param: 'temperature', code: 'decimal_above_max_value' },
  ],
  ["Invalid schema for function 'f'", { param: 'tools[0].function.parameters' }],
  ["response_format 'json_object' is not supported", { param: 'response_format' }],
  ['tool_choice is not supported', { param: 'tool_choice' }],
  ["model 'm' is not supported", { param: 'model' }],
  ['Your account is not allowed to do this', {}],
  ['top_k is not supported', { param: 'top_k' }],
])('%s %j is no field to leave out', (message, more) => {
  expect(refused(message, more)).toEqual([]);
});

test('tools that the caller brought, or forces, are never left out', () => {
  expect(refused('this model does not support tools', {}, false)).toEqual([]);
  expect(refused('Extra inputs are not permitted', { param: 'tools', type: 'extra_forbidden' }, false)).toEqual([]);
});

test('only what is there and was refused is left out, and tools with everything that belongs to them', () => {
  const without = [{ name: 'temperature', value: '0.7' }, { name: 'top_p', value: '1' }, { name: 'top_k' }];
  const { body: left, leftOut } = leaveOut(body, without);
  expect(leftOut).toEqual(['temperature']);
  expect(Object.keys(left)).toEqual(Object.keys(body).filter((name) => name !== 'temperature'));
  const plain = leaveOut(body, [{ name: 'tools' }]);
  expect(plain.leftOut).toEqual(['tools']);
  expect(Object.keys(plain.body)).not.toEqual(expect.arrayContaining(['tool_choice']));
  expect(plain.body).not.toHaveProperty('parallel_tool_calls');
  expect(leaveOut(body, []).body).toBe(body);
});
