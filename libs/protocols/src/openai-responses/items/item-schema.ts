import { LIMITS, type JsonObject } from '#libs/contract';
import { FUNCTION_NAME, object, oneOf, text } from '../../dto/fragments.js';

/** JSON Schema of items and tools of the Responses API. The readers in this folder check them one by one. */
const PART = oneOf(
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
const PARTS: JsonObject = { type: 'array', items: PART, maxItems: LIMITS.contentPartsMax };

/** See `decodeInput` and `itemsToMessages`. */
export const ITEM: JsonObject = oneOf(
  object(
    {
      type: { const: 'message' },
      role: { enum: ['user', 'assistant', 'system', 'developer'] },
      content: oneOf({ type: 'string' }, PARTS),
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
      output: oneOf({ type: 'string' }, PARTS),
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

const FUNCTION_TOOL = object(
  {
    type: { const: 'function' },
    name: FUNCTION_NAME,
    description: text('What it does, for the model.'),
    parameters: { type: 'object', description: 'JSON Schema of the arguments.' },
    strict: { type: 'boolean' },
  },
  ['type', 'name'],
);

/** See `decodeTools`. */
export const TOOL: JsonObject = oneOf(
  FUNCTION_TOOL,
  object({ type: { const: 'namespace' }, name: FUNCTION_NAME, tools: { type: 'array', items: FUNCTION_TOOL } }, [
    'type',
    'name',
    'tools',
  ]),
  object({ type: text('Any other: left out of what the model sees, and named in a header of the answer.') }, ['type']),
);

/** See `decodeToolChoice`. */
export const TOOL_CHOICES: readonly JsonObject[] = [
  { enum: ['none', 'auto', 'required'] },
  object({ type: { const: 'function' }, name: FUNCTION_NAME, namespace: FUNCTION_NAME }, ['type', 'name']),
  object(
    {
      type: { const: 'allowed_tools' },
      mode: { enum: ['auto', 'required'] },
      tools: { type: 'array', items: { type: 'object' }, minItems: 1 },
    },
    ['type', 'mode', 'tools'],
  ),
];
