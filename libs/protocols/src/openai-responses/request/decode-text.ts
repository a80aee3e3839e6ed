import type { JsonObject, ResponseFormat } from '#libs/contract';
import { parseDto } from '../../dto/parse-dto.js';
import { TextFormatDto, JsonSchemaTextFormatDto, TextDto } from './text.dto.js';

export interface DecodedText {
  readonly format?: ResponseFormat;
  readonly verbosity?: string;
  /** `text` as the response object repeats it. */
  readonly echoed: JsonObject;
}

const PLAIN = { type: 'text' };

/** `text`: {format, verbosity}. */
export function decodeText(value: JsonObject): DecodedText {
  const { verbosity, format } = parseDto(TextDto, value, 'text');
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

function decodeFormat(format: JsonObject): ResponseFormat {
  const { type } = parseDto(TextFormatDto, format, 'text.format');
  if (type !== 'json_schema') return { type };
  const { name, schema, description, strict } = parseDto(JsonSchemaTextFormatDto, format, 'text.format');
  return {
    type,
    name,
    schema,
    ...(description !== undefined && { description }),
    ...(strict !== undefined && { strict }),
  };
}

function echoedFormat(format: ResponseFormat): JsonObject {
  if (format.type !== 'json_schema') return { ...format };
  const { type, name, schema, description = null, strict = null } = format;
  return { type, name, description, schema, strict };
}
