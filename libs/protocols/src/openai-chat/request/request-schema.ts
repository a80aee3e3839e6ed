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

const functionName = { type: 'string', pattern: `^[a-zA-Z0-9_-]{1,${LIMITS.toolNameCharsMax}}$` };
const namedFunction = object({ type: { const: 'function' }, function: object({ name: functionName }, ['name']) }, [
  'type',
  'function',
]);

const contentPart = {
  oneOf: [
    object({ type: { enum: ['text', 'input_text', 'output_text'] }, text: text('Words.') }, ['type', 'text']),
    object(
      {
        type: { enum: ['image_url', 'input_image'] },
        image_url: {
          oneOf: [
            text('http, https or data:image URL.'),
            object({ url: text('The same.'), detail: text('low, high or auto.') }, ['url']),
          ],
        },
      },
      ['type', 'image_url'],
    ),
  ],
};

const toolCall = object(
  {
    id: text('Unique in the conversation.'),
    type: { const: 'function' },
    function: object({ name: text('Which tool.'), arguments: text('JSON text.') }, ['name', 'arguments']),
  },
  ['id', 'function'],
);

const message = object(
  {
    role: { enum: ['system', 'developer', 'user', 'assistant', 'tool'] },
    content: {
      oneOf: [
        { type: 'string' },
        { type: 'array', items: contentPart, maxItems: LIMITS.contentPartsMax },
        { type: 'null' },
      ],
    },
    name: text('Of the user.'),
    refusal: { type: ['string', 'null'] },
    tool_calls: { type: 'array', items: toolCall, maxItems: LIMITS.toolCallsPerStepMax },
    tool_call_id: text('Of a tool message: the call that it answers.'),
  },
  ['role'],
);

const tool = object(
  {
    type: { const: 'function' },
    function: object(
      {
        name: functionName,
        description: text('What it does, for the model.'),
        parameters: { type: 'object', description: 'JSON Schema of the arguments.' },
        strict: flag,
      },
      ['name'],
    ),
  },
  ['type', 'function'],
);

const toolChoice = {
  oneOf: [
    { enum: ['none', 'auto', 'required'] },
    namedFunction,
    object(
      {
        type: { const: 'allowed_tools' },
        allowed_tools: object(
          { mode: { enum: ['auto', 'required'] }, tools: { type: 'array', items: namedFunction, minItems: 1 } },
          ['mode', 'tools'],
        ),
      },
      ['type', 'allowed_tools'],
    ),
  ],
};

const responseFormat = object(
  {
    type: { enum: ['text', 'json_object', 'json_schema'] },
    json_schema: object(
      { name: functionName, schema: { type: 'object' }, strict: flag, description: text('For the model.') },
      ['name'],
    ),
  },
  ['type'],
);

/** The body of POST /v1/chat/completions for the OpenAPI document; ChatRequestDto and `decode` are what is enforced. */
export const requestSchema: JsonObject = {
  ...object(
    {
      model: { type: 'string', maxLength: LIMITS.modelNameCharsMax, description: 'Absent: the default model.' },
      messages: { type: 'array', items: message, minItems: 1, maxItems: LIMITS.messagesMax },
      stream: { type: 'boolean', default: false },
      stream_options: object({ include_usage: flag }),
      temperature: number(0, 2),
      top_p: number(0, 1),
      max_completion_tokens: positive,
      max_tokens: { ...positive, description: 'Older name of max_completion_tokens, which wins.' },
      n: { const: 1 },
      stop: {
        oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, maxItems: LIMITS.stopSequencesMax }],
      },
      seed: { type: 'integer' },
      presence_penalty: number(-2, 2),
      frequency_penalty: number(-2, 2),
      logit_bias: { type: 'object', additionalProperties: number(-100, 100) },
      logprobs: flag,
      top_logprobs: { type: 'integer', minimum: 0, maximum: 20, description: 'Needs logprobs.' },
      response_format: responseFormat,
      tools: { type: 'array', items: tool, maxItems: LIMITS.toolsMax },
      tool_choice: toolChoice,
      parallel_tool_calls: flag,
      reasoning_effort: text('As the upstream knows it: low, medium, high ...'),
      verbosity: { enum: ['low', 'medium', 'high'] },
      service_tier: text('As the upstream knows it.'),
      safety_identifier: text('A stable id of the end user.'),
      prompt_cache_key: text('Of requests that share the prompt cache of the upstream.'),
      user: text('Older name of safety_identifier.'),
      metadata: {
        type: 'object',
        additionalProperties: { type: 'string', maxLength: LIMITS.metadataValueCharsMax },
        maxProperties: LIMITS.metadataPairsMax,
      },
    },
    ['messages'],
  ),
  example: {
    model: 'talaria',
    messages: [
      { role: 'system', content: 'Answer in one sentence.' },
      { role: 'user', content: 'What is a talaria?' },
    ],
    stream: true,
    stream_options: { include_usage: true },
  },
};
