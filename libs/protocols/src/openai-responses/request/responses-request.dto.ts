import { LIMITS, type JsonObject } from '#libs/contract';
import {
  HasElementsUpTo,
  IsFlag,
  IsIntegerBetween,
  IsList,
  IsListOfStrings,
  IsNumberBetween,
  IsObject,
  IsOneOf,
  IsString,
  IsText,
  IsTextOrList,
  IsTextOrObject,
  IsTokenBound,
  IsTrueOrFalse,
  Unsupported,
} from '../../dto/dto-rules.js';
import { Described, Example, schemaOf } from '../../dto/dto-schema.js';
import { METADATA, object, text } from '../../dto/fragments.js';
import { ITEM } from '../items/item-schema.js';
import { RESPONSES_TOOL_CHOICES } from './decode-tool-choice.js';
import { RESPONSES_TOOL } from './decode-tools.js';
import { BackgroundOptionsDto, ReasoningDto, ResponsesStreamOptionsDto, TextDto } from './text.dto.js';

/** For short words that only the upstream understands. */
const WORD_CHARS_MAX = 64;
const IDENTIFIER_CHARS_MAX = 512;
const INCLUDES_MAX = 32;
const CONTEXT_EDITS_MAX = 16;

/**
 * The body of POST /v1/responses: the fields that the gateway knows, with their published types and ranges. `decode`
 * checks the contents of items, tools and other nested fields, and names the exact place. Unknown fields are ignored.
 * These rules also yield the OpenAPI document.
 */
@Example({
  model: 'talaria',
  instructions: 'Answer in one sentence.',
  input: 'What is a talaria?',
  stream: true,
})
export class ResponsesRequestDto {
  @IsText(LIMITS.modelNameCharsMax)
  @Described('Absent: the default model.')
  model?: string;

  @IsTextOrList({ items: ITEM, maxItems: LIMITS.messagesMax }, { elements: 'items' })
  @Described('May be absent or empty where something stored is continued.')
  input?: string | readonly unknown[];

  @IsString()
  @Described('System text of this response; not carried over to the next.')
  instructions?: string;

  @IsText(WORD_CHARS_MAX)
  @Described('The response that this one continues.')
  previous_response_id?: string;

  /** Published: an id or `{id}`. Any other string is a name, as clients of the Hermes API server use it. */
  @IsTextOrObject(text('An id (conv_...) or a name.'), object({ id: text('conv_...') }, ['id']))
  conversation?: string | JsonObject;

  /** A field of the Hermes API server. */
  @IsList({ type: 'object' })
  @HasElementsUpTo(LIMITS.messagesMax)
  @Described('Messages before the input, in place of stored ones.')
  conversation_history?: readonly unknown[];

  @IsFlag()
  @Described({ default: true })
  store?: boolean | 'true' | 'false';

  @IsTrueOrFalse()
  @Described({ default: false })
  background?: boolean;

  @IsObject(schemaOf(BackgroundOptionsDto))
  @Described('Needs background. All windows are served when nobody waits for a place.')
  background_options?: JsonObject;

  @IsTrueOrFalse()
  @Described('false: the input joins the conversation, and the model is not asked.')
  generate?: boolean;

  @IsFlag()
  @Described({ default: false })
  stream?: boolean | 'true' | 'false';

  @IsObject(schemaOf(ResponsesStreamOptionsDto))
  stream_options?: JsonObject;

  @IsList(RESPONSES_TOOL)
  @HasElementsUpTo(LIMITS.toolsMax)
  tools?: readonly unknown[];

  @IsTextOrObject(...RESPONSES_TOOL_CHOICES)
  tool_choice?: string | JsonObject;

  @IsTrueOrFalse()
  @Described({ default: true })
  parallel_tool_calls?: boolean;

  @IsTokenBound()
  max_tool_calls?: number;

  @IsTokenBound()
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

  @IsObject(schemaOf(TextDto))
  text?: JsonObject;

  @IsObject(schemaOf(ReasoningDto))
  reasoning?: JsonObject;

  /** Unknown values are accepted, because agents send the values of the upstream for which they were made. */
  @IsListOfStrings(INCLUDES_MAX)
  include?: readonly string[];

  @IsList({ type: 'object', properties: { type: { const: 'compaction' }, compact_threshold: { type: 'integer' } } })
  @HasElementsUpTo(CONTEXT_EDITS_MAX)
  @Described('A conversation of more tokens than compact_threshold is summed up before the model answers.')
  context_management?: readonly unknown[];

  @IsOneOf('auto', 'disabled')
  @Described({ default: 'disabled' })
  truncation?: 'auto' | 'disabled';

  @IsObject(METADATA)
  metadata?: JsonObject;

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

  @Unsupported("is not supported: prompt templates are not stored here. Use 'instructions' and 'input'.")
  prompt?: unknown;
}
