import type { JsonObject, ResponseFormat } from '#libs/contract';
import { isFunctionName, NAME_PROBLEM } from '../../function-name.js';
import { checkSchemaSize } from '../../json-schema-size.js';
import {
  missing,
  optionalFlag,
  optionalPlace,
  optionalText,
  refuse,
  requiredText,
  type Place,
} from '../../request-place.js';

export interface DecodedText {
  readonly format?: ResponseFormat;
  readonly verbosity?: string;
  /** `text` as the response object repeats it. */
  readonly echoed: JsonObject;
}

const VERBOSITIES = ['low', 'medium', 'high'];
const PLAIN = { type: 'text' };

/** `text`: {format, verbosity}, where a json_schema has its fields beside its type, unlike in Chat Completions. */
export function decodeText(value: JsonObject): DecodedText {
  const place: Place = { object: value, path: 'text' };
  const verbosity = optionalText(place, 'verbosity');
  if (verbosity !== undefined && !VERBOSITIES.includes(verbosity)) {
    throw refuse('text.verbosity', `must be one of ${VERBOSITIES.join(', ')}.`);
  }
  const format = optionalPlace(place, 'format');
  const decoded = format && decodeFormat(format);
  return {
    ...(decoded && { format: decoded }),
    ...(verbosity !== undefined && { verbosity }),
    echoed: {
      format: decoded ? echoedFormat(decoded) : PLAIN,
      ...(verbosity !== undefined && { verbosity }),
    },
  };
}

function decodeFormat(format: Place): ResponseFormat {
  const type = requiredText(format, 'type');
  if (type === 'text' || type === 'json_object') return { type };
  if (type !== 'json_schema') throw refuse('text.format.type', 'must be one of text, json_object, json_schema.');
  const name = requiredText(format, 'name');
  if (!isFunctionName(name)) throw refuse('text.format.name', NAME_PROBLEM);
  const schema = optionalPlace(format, 'schema');
  if (!schema) throw missing('text.format.schema');
  checkSchemaSize(schema);
  const description = optionalText(format, 'description');
  const strict = optionalFlag(format, 'strict');
  return {
    type,
    name,
    schema: schema.object,
    ...(description !== undefined && { description }),
    ...(strict !== undefined && { strict }),
  };
}

function echoedFormat(format: ResponseFormat): JsonObject {
  if (format.type !== 'json_schema') return { ...format };
  const { type, name, schema, description = null, strict = null } = format;
  return { type, name, description, schema, strict };
}
