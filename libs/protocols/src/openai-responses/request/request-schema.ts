import { LIMITS, type JsonObject } from '#libs/contract';

const text = (description: string): JsonObject => ({ type: 'string', description });
const number = (minimum: number, maximum: number): JsonObject => ({ type: 'number', minimum, maximum });
const positive = { type: 'integer', minimum: 1 };
const flag = { type: 'boolean' };
const object = (properties: JsonObject, required: readonly string[] = []): JsonObject => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
});
const one = (...oneOf: readonly JsonObject[]): JsonObject => ({ oneOf });

const functionName = { type: 'string', pattern: `^[a-zA-Z0-9_-]{1,${LIMITS.toolNameCharsMax}}$` };

const part = one(
  object({ type: { enum: ['input_text', 'output_text'] }, text: text('Words.') }, ['type', 'text']),
  object({ type: { const: 'refusal' }, refusal: text('Of the assistant.') }, ['type', 'refusal']),
  object(
    {
      type: { const: 'input_image' },
      image_url: text('http, https or data:image URL.'),
      detail: text('low, high or auto.'),
    },
    ['type', 'image_url'],
  ),
);
const parts = { type: 'array', items: part, maxItems: LIMITS.contentPartsMax };

const item = one(
  object(
    {
      type: { const: 'message' },
      role: { enum: ['user', 'assistant', 'system', 'developer'] },
      content: one({ type: 'string' }, parts),
    },
    ['role', 'content'],
  ),
  object(
    {
      type: { const: 'function_call' },
      call_id: text('Unique in the conversation.'),
      name: text('Which function.'),
      namespace: text('Of the function, where it is in one.'),
      arguments: text('JSON text.'),
    },
    ['type', 'call_id', 'name', 'arguments'],
  ),
  object(
    {
      type: { const: 'function_call_output' },
      call_id: text('The call that it answers.'),
      output: one({ type: 'string' }, parts),
    },
    ['type', 'call_id', 'output'],
  ),
  object({ type: { const: 'reasoning' }, summary: { type: 'array', items: { type: 'object' } } }, ['type', 'summary']),
  object({ type: { const: 'item_reference' }, id: text('Of a stored item.') }, ['id']),
  object({ type: { const: 'compaction' }, encrypted_content: text('As POST /v1/responses/compact gave it.') }, [
    'type',
    'encrypted_content',
  ]),
);

const functionTool = object(
  {
    type: { const: 'function' },
    name: functionName,
    description: text('What it does, for the model.'),
    parameters: { type: 'object', description: 'JSON Schema of the arguments.' },
    strict: flag,
  },
  ['type', 'name'],
);
const tool = one(
  functionTool,
  object({ type: { const: 'namespace' }, name: functionName, tools: { type: 'array', items: functionTool } }, [
    'type',
    'name',
    'tools',
  ]),
  object({ type: text('Any other: left out of what the model sees, and named in a header of the answer.') }, ['type']),
);

const namedFunction = object({ type: { const: 'function' }, name: functionName, namespace: functionName }, [
  'type',
  'name',
]);
const toolChoice = one(
  { enum: ['none', 'auto', 'required'] },
  namedFunction,
  object(
    {
      type: { const: 'allowed_tools' },
      mode: { enum: ['auto', 'required'] },
      tools: { type: 'array', items: { type: 'object' }, minItems: 1 },
    },
    ['type', 'mode', 'tools'],
  ),
);

const format = object(
  {
    type: { enum: ['text', 'json_object', 'json_schema'] },
    name: functionName,
    schema: { type: 'object', description: 'JSON Schema; needed with json_schema, like the name.' },
    strict: flag,
    description: text('For the model.'),
  },
  ['type'],
);

/** The body of POST /v1/responses for the OpenAPI document; ResponsesRequestDto and `decode` are what is enforced. */
export const requestSchema: JsonObject = {
  ...object(
    {
      model: { type: 'string', maxLength: LIMITS.modelNameCharsMax, description: 'Absent: the default model.' },
      input: one({ type: 'string' }, { type: 'array', items: item, minItems: 1, maxItems: LIMITS.messagesMax }),
      instructions: text('System text of this response; not carried over to the next.'),
      previous_response_id: text('The response that this one continues.'),
      conversation: one(text('An id (conv_...) or a name.'), object({ id: text('conv_...') }, ['id'])),
      conversation_history: {
        type: 'array',
        items: { type: 'object' },
        description: 'Messages before the input, in place of stored ones.',
      },
      store: { type: 'boolean', default: true },
      background: { type: 'boolean', default: false },
      stream: { type: 'boolean', default: false },
      tools: { type: 'array', items: tool, maxItems: LIMITS.toolsMax },
      tool_choice: toolChoice,
      parallel_tool_calls: { type: 'boolean', default: true },
      max_tool_calls: positive,
      max_output_tokens: positive,
      temperature: number(0, 2),
      top_p: number(0, 1),
      top_logprobs: { type: 'integer', minimum: 0, maximum: 20 },
      presence_penalty: number(-2, 2),
      frequency_penalty: number(-2, 2),
      text: object({ format, verbosity: { enum: ['low', 'medium', 'high'] } }),
      reasoning: object({ effort: text('As the upstream knows it.'), summary: text('auto, concise, detailed.') }),
      include: { type: 'array', items: { type: 'string' } },
      truncation: { enum: ['auto', 'disabled'], default: 'disabled' },
      metadata: {
        type: 'object',
        additionalProperties: { type: 'string', maxLength: LIMITS.metadataValueCharsMax },
        maxProperties: LIMITS.metadataPairsMax,
      },
      service_tier: text('As the upstream knows it.'),
      safety_identifier: text('A stable id of the end user.'),
      prompt_cache_key: text('Of requests that share the prompt cache of the upstream.'),
      user: text('Older name of safety_identifier.'),
    },
    ['input'],
  ),
  example: {
    model: 'talaria',
    instructions: 'Answer in one sentence.',
    input: 'What is a talaria?',
    stream: true,
  },
};
