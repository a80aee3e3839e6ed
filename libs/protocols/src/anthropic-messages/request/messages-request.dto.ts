import { LIMITS, type JsonObject } from '#libs/contract';
import {
  HasElements,
  HasElementsUpTo,
  IsIntegerBetween,
  IsList,
  IsListOfStrings,
  IsNumberBetween,
  IsObject,
  IsText,
  IsTextOrList,
  IsTokenBound,
  IsTrueOrFalse,
  Required,
} from '../../dto/dto-rules.js';
import { Described, Example } from '../../dto/dto-schema.js';
import { object, oneOf, text } from '../../dto/fragments.js';

const CONTENT = oneOf({ type: 'string' }, { type: 'array', items: { type: 'object' } });
const MESSAGE = object({ role: { enum: ['user', 'assistant', 'system'] }, content: CONTENT }, ['role', 'content']);
const TOOL = object({ name: text('Of a function of the caller.'), input_schema: { type: 'object' } });

/**
 * The prompt of a request: the part of POST /v1/messages that can be counted without an answer. `decode` checks the
 * contents of messages, blocks and tools, and names the exact place. Other fields have no effect, and `X-Left-Out`
 * names them.
 */
export class CountTokensDto {
  @IsText(LIMITS.modelNameCharsMax)
  @Described('Absent: the default model.')
  model?: string;

  @Required()
  @IsList(MESSAGE)
  @HasElements()
  @HasElementsUpTo(LIMITS.messagesMax)
  messages: readonly unknown[];

  @IsTextOrList({ items: { type: 'object' }, maxItems: LIMITS.contentPartsMax })
  @Described('The system prompt: a text, or text blocks.')
  system?: string | readonly unknown[];

  @IsList(TOOL)
  @HasElementsUpTo(LIMITS.anthropicToolsMax)
  tools?: readonly unknown[];

  @IsObject()
  tool_choice?: JsonObject;

  @IsObject()
  thinking?: JsonObject;

  @IsObject()
  output_config?: JsonObject;
}

/** The body of POST /v1/messages, with the published types and ranges. */
@Example({
  model: 'talaria',
  max_tokens: 1024,
  system: 'Answer in one sentence.',
  messages: [{ role: 'user', content: 'What is a talaria?' }],
  stream: true,
})
export class MessagesRequestDto extends CountTokensDto {
  @Required()
  @IsTokenBound()
  max_tokens: number;

  @IsTrueOrFalse()
  @Described({ default: false })
  stream?: boolean;

  @IsNumberBetween(0, 1)
  temperature?: number;

  @IsNumberBetween(0, 1)
  top_p?: number;

  @IsIntegerBetween(0, 1_000_000)
  top_k?: number;

  @IsListOfStrings(LIMITS.anthropicStopSequencesMax)
  stop_sequences?: readonly string[];

  @IsObject()
  metadata?: JsonObject;

  @IsObject()
  @Described('Not supported: 400 `thread_unsupported_request`, 404 `thread_not_found`.')
  thread?: JsonObject;
}
