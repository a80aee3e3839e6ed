import { LIMITS, type JsonObject } from '#libs/contract';
import {
  HasElements,
  HasElementsUpTo,
  IsFlag,
  IsInteger,
  IsIntegerBetween,
  IsList,
  IsNumberBetween,
  IsObject,
  IsOneOf,
  IsText,
  IsTextOrList,
  IsTextOrObject,
  IsTokenBound,
  IsTrueOrFalse,
  Required,
  Rule,
  Unsupported,
} from '../../dto/dto-rules.js';
import { Described, Example, schemaOf } from '../../dto/dto-schema.js';
import { METADATA } from '../../dto/fragments.js';
import { CHAT_MESSAGE } from '../../messages/decode-messages.js';
import { CHAT_TOOL, CHAT_TOOL_CHOICES } from '../../messages/decode-tools.js';
import { ChatStreamOptionsDto, ResponseFormatDto } from './response-format.dto.js';

/** For short words that only the upstream understands: efforts, tiers. */
const WORD_CHARS_MAX = 64;
const IDENTIFIER_CHARS_MAX = 512;

const isTextOnly = (value: unknown): boolean => Array.isArray(value) && value.every((item) => item === 'text');

const USE_TOOLS = "is not supported. Use 'tools'";

/**
 * The body of POST /v1/chat/completions: the fields that the gateway knows, with their published types and ranges.
 * `decode` checks the contents of messages, tools and other nested fields, and names the exact place. Unknown fields
 * are ignored. These rules also yield the OpenAPI document.
 */
@Example({
  model: 'talaria',
  messages: [
    { role: 'system', content: 'Answer in one sentence.' },
    { role: 'user', content: 'What is a talaria?' },
  ],
  stream: true,
  stream_options: { include_usage: true },
})
export class ChatRequestDto {
  @IsText(LIMITS.modelNameCharsMax)
  @Described('Absent: the default model.')
  model?: string;

  @Required()
  @IsList(CHAT_MESSAGE)
  @HasElements()
  @HasElementsUpTo(LIMITS.messagesMax)
  messages: readonly unknown[];

  @IsFlag()
  @Described({ default: false })
  stream?: boolean | 'true' | 'false';

  @IsObject(schemaOf(ChatStreamOptionsDto))
  stream_options?: JsonObject;

  @IsNumberBetween(0, 2)
  temperature?: number;

  @IsNumberBetween(0, 1)
  top_p?: number;

  @IsTokenBound()
  @Described('Older name of max_completion_tokens, which wins.')
  max_tokens?: number;

  @IsTokenBound()
  max_completion_tokens?: number;

  @Rule((value) => value === 1, 'must be 1: a run has one answer.', 'unsupported_parameter', { const: 1 })
  n?: number;

  @IsTextOrList({ items: { type: 'string' }, maxItems: LIMITS.stopSequencesMax }, { elements: 'strings' })
  stop?: string | readonly unknown[];

  @IsInteger()
  seed?: number;

  @IsNumberBetween(-2, 2)
  presence_penalty?: number;

  @IsNumberBetween(-2, 2)
  frequency_penalty?: number;

  @IsObject({ type: 'object', additionalProperties: { type: 'number', minimum: -100, maximum: 100 } })
  logit_bias?: JsonObject;

  @IsTrueOrFalse()
  logprobs?: boolean;

  @IsIntegerBetween(0, 20)
  @Described('Needs logprobs.')
  top_logprobs?: number;

  @IsObject(schemaOf(ResponseFormatDto))
  response_format?: JsonObject;

  @IsList(CHAT_TOOL)
  @HasElementsUpTo(LIMITS.toolsMax)
  tools?: readonly unknown[];

  @IsTextOrObject(...CHAT_TOOL_CHOICES)
  tool_choice?: string | JsonObject;

  @IsTrueOrFalse()
  parallel_tool_calls?: boolean;

  @IsText(WORD_CHARS_MAX)
  @Described('As the upstream knows it: low, medium, high ...')
  reasoning_effort?: string;

  @IsOneOf('low', 'medium', 'high')
  verbosity?: string;

  @IsText(WORD_CHARS_MAX)
  @Described('As the upstream knows it.')
  service_tier?: string;

  @IsText(IDENTIFIER_CHARS_MAX)
  @Described('A stable id of the end user.')
  safety_identifier?: string;

  @IsText(IDENTIFIER_CHARS_MAX)
  @Described('Of requests that share the prompt cache of the upstream.')
  prompt_cache_key?: string;

  @IsText(WORD_CHARS_MAX)
  @Described('How long OpenAI keeps the prompt cache; other upstreams do not get it.')
  prompt_cache_retention?: string;

  @IsObject({ type: 'object' })
  @Described('For OpenAI as it is; other upstreams do not get it.')
  prompt_cache_options?: JsonObject;

  @IsText(IDENTIFIER_CHARS_MAX)
  @Described('Older name of safety_identifier.')
  user?: string;

  @IsObject(METADATA)
  metadata?: JsonObject;

  @Rule(isTextOnly, 'must be ["text"]: other kinds of answers are not supported.', 'unsupported_parameter')
  modalities?: readonly string[];

  @Unsupported(`${USE_TOOLS}.`)
  functions?: unknown;

  @Unsupported(`${USE_TOOLS} and 'tool_choice'.`)
  function_call?: unknown;
}
