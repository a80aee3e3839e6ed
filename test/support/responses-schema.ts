import { isJsonObject, type JsonValue } from '#libs/contract';

/**
 * The published schemas of the Responses API as checks of our own, written from the specifications: what
 * is wrong with a value, each problem with its path. Empty when all is well.
 */
export type Check = (value: JsonValue | undefined, path: string) => string[];

export const checkResponse: Check = (value, path) => response(value, path);
export const checkItem: Check = (value, path) => item(value, path);
export const checkPart: Check = (value, path) => part(value, path);

export const text: Check = (value, path) => (typeof value === 'string' ? [] : [`${path} is no string`]);
export const words: Check = (value, path) => (typeof value === 'string' && value !== '' ? [] : [`${path} is no text`]);
export const count: Check = (value, path) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? [] : [`${path} is no count`];
const number: Check = (value, path) => (typeof value === 'number' ? [] : [`${path} is no number`]);
const flag: Check = (value, path) => (typeof value === 'boolean' ? [] : [`${path} is neither true nor false`]);
const record: Check = (value, path) => (isJsonObject(value) ? [] : [`${path} is no object`]);

export const oneOf =
  (...choices: readonly JsonValue[]): Check =>
  (value, path) =>
    choices.includes(value as JsonValue) ? [] : [`${path} is ${JSON.stringify(value)}, none of ${choices.join(', ')}`];

export const listOf =
  (check: Check): Check =>
  (value, path) =>
    Array.isArray(value)
      ? value.flatMap((element: JsonValue, i) => check(element, `${path}[${i}]`))
      : [`${path} is no list`];

const nullable =
  (check: Check): Check =>
  (value, path) =>
    value === null ? [] : check(value, path);

type Shape = Readonly<Record<string, Check>>;

/** An object with these keys, some others that may be there, and none besides. */
export const object =
  (required: Shape, optional: Shape = {}): Check =>
  (value, path) => {
    if (!isJsonObject(value)) return [`${path} is no object`];
    const problems = Object.entries(required).flatMap(([key, check]) =>
      key in value ? check(value[key], `${path}.${key}`) : [`${path}.${key} is missing`],
    );
    for (const [key, found] of Object.entries(value)) {
      if (key in required) continue;
      const check = optional[key];
      problems.push(...(check ? check(found, `${path}.${key}`) : [`${path}.${key} is not published`]));
    }
    return problems;
  };

const byType =
  (shapes: Readonly<Record<string, Check>>): Check =>
  (value, path) => {
    if (!isJsonObject(value)) return [`${path} is no object`];
    const check = shapes[String(value['type'])];
    return check ? check(value, path) : [`${path}.type is ${String(value['type'])}`];
  };

const status = oneOf('in_progress', 'completed', 'incomplete');

const annotation = object({
  type: oneOf('url_citation'),
  url: words,
  title: text,
  start_index: count,
  end_index: count,
});
export const checkAnnotation: Check = (value, path) => annotation(value, path);

const part: Check = byType({
  output_text: object({ type: text, text, annotations: listOf(annotation), logprobs: listOf(record) }),
  refusal: object({ type: text, refusal: text }),
  summary_text: object({ type: text, text }),
});

const toolError = object(
  { type: oneOf('mcp_tool_execution_error'), content: listOf(object({ type: oneOf('text'), text })) },
  { message: text },
);

const item: Check = byType({
  message: object(
    { id: words, type: text, status, role: oneOf('assistant'), content: listOf(part) },
    { phase: oneOf('commentary', 'final_answer') },
  ),
  mcp_call: object({
    id: words,
    type: text,
    status: oneOf('in_progress', 'completed', 'incomplete', 'failed'),
    approval_request_id: nullable(words),
    server_label: words,
    name: words,
    arguments: text,
    output: nullable(text),
    error: nullable(toolError),
  }),
  custom_tool_call: object(
    { id: words, type: text, status, call_id: words, name: words, input: text },
    { namespace: words },
  ),
  image_generation_call: object({
    id: words,
    type: text,
    status: oneOf('in_progress', 'completed'),
    result: nullable(words),
  }),
  compaction: object({ id: words, type: text, encrypted_content: text }),
  reasoning: object({ id: words, type: text, status, summary: listOf(part) }, { encrypted_content: words }),
  function_call: object(
    { id: words, type: text, status, call_id: words, name: words, arguments: text },
    { namespace: words, extra_content: record },
  ),
  function_call_output: object({ id: words, type: text, status, call_id: words, output: text }),
});

const functionTool = object({
  type: oneOf('function'),
  name: words,
  description: nullable(text),
  parameters: nullable(record),
  strict: nullable(flag),
});
const customTool = object({ type: oneOf('custom'), name: words, format: record }, { description: text });
const callable = byType({ function: functionTool, custom: customTool });
const tool = byType({
  function: functionTool,
  custom: customTool,
  namespace: object({ type: text, name: words, description: text, tools: listOf(callable) }),
});

const format = byType({
  text: object({ type: text }),
  json_object: object({ type: text }),
  json_schema: object({
    type: text,
    name: words,
    description: nullable(text),
    schema: record,
    strict: nullable(flag),
  }),
});

const usage = object({
  input_tokens: count,
  input_tokens_details: object({ cached_tokens: count, cache_write_tokens: count }),
  output_tokens: count,
  output_tokens_details: object({ reasoning_tokens: count }),
  total_tokens: count,
});

/** The published codes, and the one that OpenAI sends and does not publish. */
const errorCode = oneOf('server_error', 'rate_limit_exceeded', 'invalid_prompt', 'context_length_exceeded');

/** All 31 keys that Open Responses requires; null where it allows null. */
const keys: Shape = {
  id: (value, path) => (/^resp_\w+$/.test(String(value)) ? [] : [`${path} is no id of a response`]),
  object: oneOf('response'),
  created_at: count,
  completed_at: nullable(count),
  status: oneOf('queued', 'in_progress', 'completed', 'failed', 'incomplete', 'cancelled'),
  incomplete_details: nullable(object({ reason: oneOf('max_output_tokens', 'content_filter') })),
  model: words,
  previous_response_id: nullable(words),
  instructions: nullable(text),
  output: listOf(item),
  error: nullable(object({ code: errorCode, message: text })),
  tools: listOf(tool),
  tool_choice: (value, path) => (typeof value === 'string' ? [] : record(value, path)),
  truncation: oneOf('auto', 'disabled'),
  parallel_tool_calls: flag,
  text: object({ format }, { verbosity: oneOf('low', 'medium', 'high') }),
  top_p: number,
  presence_penalty: number,
  frequency_penalty: number,
  top_logprobs: count,
  temperature: number,
  reasoning: nullable(object({ effort: nullable(text), summary: nullable(text) })),
  usage: nullable(usage),
  max_output_tokens: nullable(count),
  max_tool_calls: nullable(count),
  store: flag,
  background: flag,
  service_tier: text,
  metadata: nullable(record),
  safety_identifier: nullable(text),
  prompt_cache_key: nullable(text),
};

export const RESPONSE_KEYS: readonly string[] = Object.keys(keys);

const shape = object(keys, { user: text, conversation: nullable(object({ id: words })) });

const response: Check = (value, path) => {
  const problems = shape(value, path);
  return problems.length > 0 || !isJsonObject(value) ? problems : consistency(value, path);
};

/** The rules between the status and the other keys. */
function consistency(value: Readonly<Record<string, JsonValue | undefined>>, path: string): string[] {
  const { status: is, error, usage: used, incomplete_details: details, completed_at: completedAt, output } = value;
  const rules: readonly (readonly [boolean, string])[] = [
    [(error !== null) === (is === 'failed' || is === 'cancelled'), 'has an error exactly when it came to a bad end'],
    [(details !== null) === (is === 'incomplete'), 'has incomplete_details exactly when it is incomplete'],
    [(completedAt !== null) === (is === 'completed'), 'has completed_at exactly when it is completed'],
    [(used === null) === (is === 'queued' || is === 'in_progress'), 'has usage exactly when it ended'],
    [is !== 'queued' || (output as readonly JsonValue[]).length === 0, 'has no output before it begins'],
  ];
  const items = output as readonly Readonly<Record<string, JsonValue>>[];
  const ids = items.map((one) => one['id']);
  const live = items.filter((one) => one['status'] === 'in_progress');
  return [
    ...rules.filter(([isSo]) => !isSo).map(([, rule]) => `${path} breaks the rule: ${rule}`),
    ...(new Set(ids).size === ids.length ? [] : [`${path}.output has an id twice`]),
    ...(is === 'in_progress' || live.length === 0
      ? []
      : [`${path}.output has an item in progress and is ${String(is)}`]),
  ];
}
