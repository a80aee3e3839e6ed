import { isJsonObject, LIMITS, type JsonObject } from '#libs/contract';
import {
  HasElements,
  HasElementsUpTo,
  IsFlag,
  IsList,
  IsNumberBetween,
  IsOneOf,
  IsString,
  IsText,
  IsTextOrObject,
  IsTokenBound,
  Required,
  Rule,
} from '../../dto/dto-rules.js';
import { Described, Example } from '../../dto/dto-schema.js';
import { METADATA } from '../../dto/fragments.js';
import { CHAT_TOOL, CHAT_TOOL_CHOICES } from '../../messages/decode-tools.js';
import { UI_MESSAGE } from './ui-message.js';

const WORD_CHARS_MAX = 64;

/**
 * The body of POST /v1/ui/chat: what `DefaultChatTransport` of AI SDK 7 sends, and beside it what a page may add with
 * the `body` of the transport. Unknown fields are ignored.
 */
@Example({
  id: 'chat-1',
  messages: [{ id: 'm1', role: 'user', parts: [{ type: 'text', text: 'What is a talaria?' }] }],
  trigger: 'submit-message',
})
export class UiRequestDto {
  @IsString()
  @Described('Of the chat, which is a session here; absent: the runs that begin alike are one.')
  id?: string;

  @Required()
  @IsList(UI_MESSAGE)
  @HasElements()
  @HasElementsUpTo(LIMITS.messagesMax)
  messages: readonly unknown[];

  @IsOneOf('submit-message', 'regenerate-message')
  trigger?: string;

  @IsString()
  messageId?: string;

  @IsText(LIMITS.modelNameCharsMax)
  @Described('Absent: the default model.')
  model?: string;

  @IsFlag()
  @Described({ description: 'false: the whole message as JSON.', default: true })
  stream?: boolean | 'true' | 'false';

  @IsString()
  @Described('Before the system messages.')
  instructions?: string;

  @IsList(CHAT_TOOL)
  @HasElementsUpTo(LIMITS.toolsMax)
  @Described('Functions that the page executes.')
  tools?: readonly unknown[];

  @IsTextOrObject(...CHAT_TOOL_CHOICES)
  tool_choice?: string | JsonObject;

  @IsNumberBetween(0, 2)
  temperature?: number;

  @IsTokenBound()
  max_output_tokens?: number;

  @IsText(WORD_CHARS_MAX)
  reasoning_effort?: string;

  @Rule(isJsonObject, 'must be an object.', 'invalid_request', METADATA)
  metadata?: JsonObject;
}
