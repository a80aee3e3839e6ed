import type { JsonObject } from '#libs/contract';
import { IsObject, IsOneOf, IsString, IsText, IsTrueOrFalse, Required } from '../../dto/dto-rules.js';
import { Described, schemaOf } from '../../dto/dto-schema.js';
import { object, oneOf } from '../../dto/fragments.js';
import { IsFunctionName, IsJsonSchema } from '../../dto/model-rules.js';

/** `text.format`, with the fields of every type. */
export class TextFormatDto {
  @Required()
  @IsOneOf('text', 'json_object', 'json_schema')
  type: 'text' | 'json_object' | 'json_schema';
}

/** `text.format` of the type json_schema: its fields stand beside the type, unlike in Chat Completions. */
export class JsonSchemaTextFormatDto {
  @Required()
  @IsOneOf('json_schema')
  type: 'json_schema';

  @Required()
  @IsFunctionName()
  name: string;

  @Required()
  @IsJsonSchema('JSON Schema of the answer.')
  schema: JsonObject;

  @IsString()
  @Described('For the model.')
  description?: string;

  @IsTrueOrFalse()
  strict?: boolean;
}

/** `text`. */
export class TextDto {
  @IsOneOf('low', 'medium', 'high')
  verbosity?: 'low' | 'medium' | 'high';

  @IsObject(oneOf(object({ type: { enum: ['text', 'json_object'] } }, ['type']), schemaOf(JsonSchemaTextFormatDto)))
  format?: JsonObject;
}

const WORD_CHARS_MAX = 64;

/** `reasoning`. Only the upstream understands its values. */
export class ReasoningDto {
  @IsText(WORD_CHARS_MAX)
  @Described('As the upstream knows it.')
  effort?: string;

  @IsText(WORD_CHARS_MAX)
  @Described('auto, concise, detailed.')
  summary?: string;

  @IsText(WORD_CHARS_MAX)
  @Described('Older name of summary.')
  generate_summary?: string;
}

/** `background_options`. */
export class BackgroundOptionsDto {
  @IsOneOf('soonest', '2h', '8h')
  completion_window?: 'soonest' | '2h' | '8h';
}

/** `stream_options`. */
export class ResponsesStreamOptionsDto {
  @IsTrueOrFalse()
  include_obfuscation?: boolean;
}
