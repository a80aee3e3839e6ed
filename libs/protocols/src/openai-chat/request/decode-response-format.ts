import { isJsonObject, type JsonObject, type ResponseFormat } from '#libs/contract';
import { checkSchemaSize } from '../../json-schema-size.js';
import { parseDto } from '../../dto/parse-dto.js';
import { missing } from '../../request-place.js';
import { ChatJsonSchemaDto, ResponseFormatDto } from './response-format.dto.js';

/** This field is not part of the published API, so a value that is not a schema is ignored. */
function schemaBeside({ schema }: JsonObject): { readonly schema?: JsonObject } {
  if (!isJsonObject(schema)) return {};
  checkSchemaSize({ object: schema, path: 'response_format.schema' });
  return { schema };
}

/** `response_format`: text, json_object, or json_schema {name, schema, strict, description}. */
export function decodeResponseFormat(value: JsonObject): ResponseFormat {
  const { type, json_schema: format } = parseDto(ResponseFormatDto, value, 'response_format');
  if (type === 'text') return { type };
  if (type === 'json_object') return { type, ...schemaBeside(value) };
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
