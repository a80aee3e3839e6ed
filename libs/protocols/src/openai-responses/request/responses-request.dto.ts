import { isJsonObject, LIMITS, type JsonObject } from '#libs/contract';
import {
  HasElementsUpTo,
  IsIntegerBetween,
  IsList,
  IsNumberBetween,
  IsObject,
  IsOneOf,
  IsPositiveInteger,
  IsText,
  IsTrueOrFalse,
  Required,
  Rule,
  Unsupported,
} from '../../dto-rules.js';

/** Short words whose values only the upstream knows. */
const WORD_CHARS_MAX = 64;
const IDENTIFIER_CHARS_MAX = 512;
const INCLUDES_MAX = 32;

/** Clients of the Hermes API server send flags as strings. */
const isFlag = (value: unknown): boolean => typeof value === 'boolean' || value === 'true' || value === 'false';
const isStringOrList = (value: unknown): boolean => typeof value === 'string' || Array.isArray(value);
const isStringOrObject = (value: unknown): boolean => typeof value === 'string' || isJsonObject(value);
const isListOfStrings = (value: unknown): boolean =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/**
 * The body of POST /v1/responses: the fields we know, by their published types and ranges. What lies inside of items,
 * tools and the other nested fields is judged by `decode`, which names the exact place. Unknown fields are ignored.
 */
export class ResponsesRequestDto {
  /** Absent: the default model. */
  @IsText(LIMITS.modelNameCharsMax)
  model?: string;

  @Required()
  @Rule(isStringOrList, 'must be a string or an array of items.')
  @Rule((value) => !Array.isArray(value) || value.length > 0, 'must not be empty.')
  @HasElementsUpTo(LIMITS.messagesMax)
  input: string | readonly unknown[];

  @Rule((value) => typeof value === 'string', 'must be a string.')
  instructions?: string;

  @IsText(WORD_CHARS_MAX)
  previous_response_id?: string;

  /** Published: an id or `{id}`. Any other string is a name, as clients of the Hermes API server use it. */
  @Rule(isStringOrObject, 'must be a string or an object.')
  conversation?: string | JsonObject;

  /** Of the Hermes API server: messages that stand before the input, in place of what is stored here. */
  @IsList()
  @HasElementsUpTo(LIMITS.messagesMax)
  conversation_history?: readonly unknown[];

  @Rule(isFlag, 'must be true or false.')
  store?: boolean | 'true' | 'false';

  @IsTrueOrFalse()
  background?: boolean;

  @Rule(isFlag, 'must be true or false.')
  stream?: boolean | 'true' | 'false';

  @IsObject()
  stream_options?: JsonObject;

  @IsList()
  @HasElementsUpTo(LIMITS.toolsMax)
  tools?: readonly unknown[];

  @Rule(isStringOrObject, 'must be a string or an object.')
  tool_choice?: string | JsonObject;

  @IsTrueOrFalse()
  parallel_tool_calls?: boolean;

  @IsPositiveInteger()
  max_tool_calls?: number;

  @IsPositiveInteger()
  max_output_tokens?: number;

  @IsNumberBetween(0, 2)
  temperature?: number;

  @IsNumberBetween(0, 1)
  top_p?: number;

  @IsIntegerBetween(0, 20)
  top_logprobs?: number;

  @IsNumberBetween(-2, 2)
  presence_penalty?: number;

  @IsNumberBetween(-2, 2)
  frequency_penalty?: number;

  @IsObject()
  text?: JsonObject;

  @IsObject()
  reasoning?: JsonObject;

  /** Values that nobody knows are accepted: agents send those of the upstream they were made for. */
  @Rule(isListOfStrings, 'must be an array of strings.')
  @HasElementsUpTo(INCLUDES_MAX)
  include?: readonly string[];

  @IsOneOf('auto', 'disabled')
  truncation?: 'auto' | 'disabled';

  @IsObject()
  metadata?: JsonObject;

  @IsText(WORD_CHARS_MAX)
  service_tier?: string;

  @IsText(IDENTIFIER_CHARS_MAX)
  safety_identifier?: string;

  @IsText(IDENTIFIER_CHARS_MAX)
  prompt_cache_key?: string;

  /** Older name of safety_identifier, which wins. */
  @IsText(IDENTIFIER_CHARS_MAX)
  user?: string;

  @Unsupported("is not supported: prompt templates are not stored here. Use 'instructions' and 'input'.")
  prompt?: unknown;
}
