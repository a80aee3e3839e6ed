import { LIMITS } from '#libs/contract';
import type { JsonObject } from '#libs/contract';
import {
  HasElementsUpTo,
  IsInteger,
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

/** Short words whose values only the upstream knows: efforts, tiers. */
const WORD_CHARS_MAX = 64;
const IDENTIFIER_CHARS_MAX = 512;

/** Clients of the Hermes API server send `stream` as a string. */
const isStreamFlag = (value: unknown): boolean => typeof value === 'boolean' || value === 'true' || value === 'false';

const isTextOnly = (value: unknown): boolean => Array.isArray(value) && value.every((item) => item === 'text');

const USE_TOOLS = "is not supported. Use 'tools'";

/**
 * The body of POST /v1/chat/completions: the fields we know, by their published types and ranges. What lies inside of
 * messages, tools and the other nested fields is judged by `decode`, which names the exact place. Unknown fields are
 * ignored.
 */
export class ChatRequestDto {
  /** Absent: the default model. */
  @IsText(LIMITS.modelNameCharsMax)
  model?: string;

  @Required()
  @IsList()
  @Rule((value) => !Array.isArray(value) || value.length > 0, 'must not be empty.')
  @HasElementsUpTo(LIMITS.messagesMax)
  messages: readonly unknown[];

  @Rule(isStreamFlag, 'must be true or false.')
  stream?: boolean | 'true' | 'false';

  @IsObject()
  stream_options?: JsonObject;

  @IsNumberBetween(0, 2)
  temperature?: number;

  @IsNumberBetween(0, 1)
  top_p?: number;

  @IsPositiveInteger()
  max_tokens?: number;

  /** Wins over max_tokens. */
  @IsPositiveInteger()
  max_completion_tokens?: number;

  @Rule((value) => value === 1, 'must be 1: a run has one answer.', 'unsupported_parameter')
  n?: number;

  @Rule((value) => typeof value === 'string' || Array.isArray(value), 'must be a string or an array of strings.')
  @HasElementsUpTo(LIMITS.stopSequencesMax)
  stop?: string | readonly unknown[];

  @IsInteger()
  seed?: number;

  @IsNumberBetween(-2, 2)
  presence_penalty?: number;

  @IsNumberBetween(-2, 2)
  frequency_penalty?: number;

  @IsObject()
  logit_bias?: JsonObject;

  @IsTrueOrFalse()
  logprobs?: boolean;

  @IsIntegerBetween(0, 20)
  top_logprobs?: number;

  @IsObject()
  response_format?: JsonObject;

  @IsList()
  @HasElementsUpTo(LIMITS.toolsMax)
  tools?: readonly unknown[];

  @Rule(
    (value) => typeof value === 'string' || (typeof value === 'object' && !Array.isArray(value)),
    'must be a string or an object.',
  )
  tool_choice?: string | JsonObject;

  @IsTrueOrFalse()
  parallel_tool_calls?: boolean;

  @IsText(WORD_CHARS_MAX)
  reasoning_effort?: string;

  @IsOneOf('low', 'medium', 'high')
  verbosity?: string;

  @IsText(WORD_CHARS_MAX)
  service_tier?: string;

  @IsText(IDENTIFIER_CHARS_MAX)
  safety_identifier?: string;

  @IsText(IDENTIFIER_CHARS_MAX)
  prompt_cache_key?: string;

  /** Older name of safety_identifier, which wins. */
  @IsText(IDENTIFIER_CHARS_MAX)
  user?: string;

  @IsObject()
  metadata?: JsonObject;

  @Rule(isTextOnly, 'must be ["text"]: other kinds of answers are not supported.', 'unsupported_parameter')
  modalities?: readonly string[];

  @Unsupported(`${USE_TOOLS}.`)
  functions?: unknown;

  @Unsupported(`${USE_TOOLS} and 'tool_choice'.`)
  function_call?: unknown;
}
