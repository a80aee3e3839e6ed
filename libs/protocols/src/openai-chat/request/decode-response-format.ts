import type { JsonObject, ResponseFormat } from '#libs/contract';
import { checkSchemaSize } from '../../json-schema-size.js';
import { optionalFlag, optionalPlace, optionalText, refuse, requiredPlace, requiredText } from '../../request-place.js';
import { isFunctionName, NAME_PROBLEM } from '../../function-name.js';

/** `response_format`: text, json_object, or json_schema {name, schema, strict, description}. */
export function decodeResponseFormat(value: JsonObject): ResponseFormat {
  const format = { object: value, path: 'response_format' };
  const type = requiredText(format, 'type');
  if (type === 'text' || type === 'json_object') return { type };
  if (type !== 'json_schema') throw refuse('response_format.type', 'must be one of text, json_object, json_schema.');
  const schemaFormat = requiredPlace(format, 'json_schema');
  const name = requiredText(schemaFormat, 'name');
  if (!isFunctionName(name)) throw refuse(`${schemaFormat.path}.name`, NAME_PROBLEM);
  const schema = optionalPlace(schemaFormat, 'schema');
  if (schema) checkSchemaSize(schema);
  const description = optionalText(schemaFormat, 'description');
  const strict = optionalFlag(schemaFormat, 'strict');
  return {
    type,
    name,
    ...(schema && { schema: schema.object }),
    ...(description !== undefined && { description }),
    ...(strict !== undefined && { strict }),
  };
}
