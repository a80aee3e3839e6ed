import type { JsonObject } from '#libs/contract';
import { IsOneOf, IsString, IsTrueOrFalse, Required } from '../../dto/dto-rules.js';
import { Described, schemaOf } from '../../dto/dto-schema.js';
import { IsFunctionName, IsJsonSchema } from '../../dto/model-rules.js';

/** `response_format.json_schema`. */
export class ChatJsonSchemaDto {
  @Required()
  @IsFunctionName()
  name: string;

  @IsJsonSchema('JSON Schema of the answer.')
  schema?: JsonObject;

  @IsString()
  @Described('For the model.')
  description?: string;

  @IsTrueOrFalse()
  strict?: boolean;
}

/** `response_format`. */
export class ResponseFormatDto {
  @Required()
  @IsOneOf('text', 'json_object', 'json_schema')
  type: 'text' | 'json_object' | 'json_schema';

  /** Required with the type of its name, and ignored with others. */
  @Described({ ...schemaOf(ChatJsonSchemaDto) })
  json_schema?: unknown;
}

/** `stream_options`. */
export class ChatStreamOptionsDto {
  @IsTrueOrFalse()
  include_usage?: boolean;
}
