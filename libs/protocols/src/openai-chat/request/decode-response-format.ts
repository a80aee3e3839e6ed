import type { JsonObject, ResponseFormat } from '#libs/contract';
import { parseDto } from '../../dto/parse-dto.js';
import { missing } from '../../request-place.js';
import { ChatJsonSchemaDto, ResponseFormatDto } from './response-format.dto.js';

/** `response_format`: text, json_object, or json_schema {name, schema, strict, description}. */
export function decodeResponseFormat(value: JsonObject): ResponseFormat {
  const { type, json_schema: format } = parseDto(ResponseFormatDto, value, 'response_format');
  if (type !== 'json_schema') return { type };
  if (format === undefined) throw missing('response_format.json_schema');
  const { name, schema, description, strict } = parseDto(ChatJsonSchemaDto, format, 'response_format.json_schema');
  return {
    type,
    name,
    ...(schema && { schema }),
    ...(description !== undefined && { description }),
    ...(strict !== undefined && { strict }),
  };
}
