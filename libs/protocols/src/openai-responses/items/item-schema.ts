import { LIMITS, type JsonObject } from '#libs/contract';
import { object, oneOf, text } from '../../dto/fragments.js';
import { aLongText, filledText, kind, maybeKind, maybeText, shape } from '../../dto/shape.js';

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
  object(
    {
      type: { const: 'input_file' },
      file_data: text('Base64 data URL of a PDF or a text.'),
      filename: text('Its name.'),
    },
    ['type', 'file_data'],
  ),
);
const PARTS: JsonObject = { type: 'array', items: PART, maxItems: LIMITS.contentPartsMax };

/** Items that `ItemReader` reads field by field, each as it is described. */
export const FUNCTION_CALL = shape({
  type: kind('function_call'),
  call_id: filledText('Unique in the conversation.'),
  name: filledText('Which function.'),
  namespace: maybeText('Of the function, where it is in one.'),
  arguments: aLongText('JSON text.', LIMITS.toolArgumentsCharsMax),
});
export const REFERENCE = shape({ type: maybeKind('item_reference'), id: filledText('Of a stored item.') });
export const COMPACTION = shape({
  type: kind('compaction'),
  encrypted_content: filledText('As POST /v1/responses/compact gave it.'),
});

/** JSON Schema of an item that `decodeInput` and `itemsToMessages` read. */
export const ITEM: JsonObject = oneOf(
  object(
    {
      type: { const: 'message' },
      role: { enum: ['user', 'assistant', 'system', 'developer'] },
      content: oneOf({ type: 'string' }, PARTS),
    },
    ['role', 'content'],
  ),
  FUNCTION_CALL.schema,
  object(
    {
      type: { const: 'function_call_output' },
      call_id: text('The call that it answers.'),
      output: oneOf({ type: 'string' }, PARTS),
    },
    ['type', 'call_id', 'output'],
  ),
  object({ type: { const: 'reasoning' }, summary: { type: 'array', items: { type: 'object' } } }, ['type', 'summary']),
  REFERENCE.schema,
  COMPACTION.schema,
);
