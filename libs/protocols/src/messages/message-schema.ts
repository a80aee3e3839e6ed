import { LIMITS, type JsonObject } from '#libs/contract';
import { FUNCTION_NAME, object, oneOf, text } from '../dto/fragments.js';

/**
 * JSON Schema of the messages and tools of Chat Completions. The readers in this folder check them one by one,
 * because a validator that builds a class for each of 2,000 messages would cost more than the rest of the request.
 */
const PART: JsonObject = oneOf(
  object({ type: { enum: ['text', 'input_text', 'output_text'] }, text: text('Words.') }, ['type', 'text']),
  object(
    {
      type: { enum: ['image_url', 'input_image'] },
      image_url: oneOf(
        text('http, https or data:image URL.'),
        object({ url: text('The same.'), detail: text('low, high or auto.') }, ['url']),
      ),
    },
    ['type', 'image_url'],
  ),
);

const TOOL_CALL = object(
  {
    id: text('Unique in the conversation.'),
    type: { const: 'function' },
    function: object({ name: text('Which tool.'), arguments: text('JSON text.') }, ['name', 'arguments']),
  },
  ['id', 'function'],
);

/** See `decodeMessages`. */
export const MESSAGE: JsonObject = object(
  {
    role: { enum: ['system', 'developer', 'user', 'assistant', 'tool'] },
    content: oneOf(
      { type: 'string' },
      { type: 'array', items: PART, maxItems: LIMITS.contentPartsMax },
      { type: 'null' },
    ),
    name: text('Of the user.'),
    refusal: { type: ['string', 'null'] },
    tool_calls: { type: 'array', items: TOOL_CALL, maxItems: LIMITS.toolCallsPerStepMax },
    tool_call_id: text('Of a tool message: the call that it answers.'),
  },
  ['role'],
);

/** See `decodeTools`. */
export const TOOL: JsonObject = object(
  {
    type: { const: 'function' },
    function: object(
      {
        name: FUNCTION_NAME,
        description: text('What it does, for the model.'),
        parameters: { type: 'object', description: 'JSON Schema of the arguments.' },
        strict: { type: 'boolean' },
      },
      ['name'],
    ),
  },
  ['type', 'function'],
);

const NAMED_FUNCTION = object({ type: { const: 'function' }, function: object({ name: FUNCTION_NAME }, ['name']) }, [
  'type',
  'function',
]);

/** See `decodeToolChoice`. */
export const TOOL_CHOICES: readonly JsonObject[] = [
  { enum: ['none', 'auto', 'required'] },
  NAMED_FUNCTION,
  object(
    {
      type: { const: 'allowed_tools' },
      allowed_tools: object(
        { mode: { enum: ['auto', 'required'] }, tools: { type: 'array', items: NAMED_FUNCTION, minItems: 1 } },
        ['mode', 'tools'],
      ),
    },
    ['type', 'allowed_tools'],
  ),
];
