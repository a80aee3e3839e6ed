import { LIMITS } from '#libs/contract';
import type { AssistantMessage, Message, ToolCall, UserMessage } from '#libs/contract';
import { packCustomInput } from '../custom-tools.js';
import {
  fieldOf,
  listOf,
  missing,
  optionalText,
  placeOf,
  refuse,
  requiredPlace,
  requiredText,
  type Place,
} from '../request-place.js';
import { decodeExtraContent, decodeReasoning } from './decode-reasoning.js';
import { decodeContent, type Content, type ContentPlace } from '../decode-content.js';
import { ConversationWriter } from './conversation-writer.js';

export interface DecodedConversation {
  /** The texts of the system and developer messages that stand before all others, joined by line breaks. */
  readonly instructions?: string;
  readonly messages: readonly Message[];
}

/**
 * Where a list of messages stands in its request, and the calls that its tool messages may answer; both grow with it.
 */
export interface MessageList {
  readonly path: string;
  /** null: they are not known here, every answer is taken. */
  readonly callIds: Set<string> | null;
  /** Nothing in it has to be seen. */
  readonly mayBeInvisible?: boolean;
}

/**
 * The `messages` of a Chat Completions request; their number was checked with the DTO. At least one message of somebody
 * else than the assistant must have something to see: text that is not blank, or an image. A system message behind the
 * first other message stays in its place: moved to the front it would mean something else, and spoil the prompt cache.
 */
export function decodeMessages(
  list: readonly unknown[],
  textCharsMax: number,
  { path, callIds, mayBeInvisible = false }: MessageList = { path: 'messages', callIds: new Set() },
): DecodedConversation {
  const instructions: string[] = [];
  const writer = new ConversationWriter();
  const { messages } = writer;
  list.forEach((value, i) => {
    const place = { ...placeOf(value, `${path}[${i}]`), textCharsMax };
    const role = requiredText(place, 'role');
    switch (role) {
      case 'system':
      case 'developer': {
        const { text } = requiredContent(place, 'text');
        if (messages.length === 0) instructions.push(text);
        else if (text !== '') writer.add({ role: 'system', content: text });
        return;
      }
      case 'user':
        return writer.add(decodeUser(place));
      case 'assistant': {
        const message = decodeAssistant(place);
        for (const call of message.toolCalls) callIds?.add(call.callId);
        return writer.add(message);
      }
      case 'tool':
        return takeToolAnswer(place, callIds, writer);
      case 'function':
        throw refuse(`${place.path}.role`, "must not be function. Use 'tool'.", 'unsupported_parameter');
      default:
        throw refuse(`${place.path}.role`, 'must be one of system, developer, user, assistant, tool.');
    }
  });
  const text = instructions.filter((said) => said !== '').join('\n');
  if (!mayBeInvisible && !/\S/.test(text) && !messages.some(isVisible)) {
    throw refuse(path, 'must have a message with content.');
  }
  return { ...(text !== '' && { instructions: text }), messages };
}

interface MessagePlace extends Place {
  readonly textCharsMax: number;
}

function decodeUser(place: MessagePlace): UserMessage {
  const { parts, text } = requiredContent(place, 'text and images');
  const hasImage = parts.some((part) => part.type === 'image');
  const name = optionalText(place, 'name');
  return { role: 'user', content: hasImage ? parts : text, ...(name && { name }) };
}

function decodeAssistant(place: MessagePlace): AssistantMessage {
  if (fieldOf(place, 'function_call') !== undefined) {
    throw refuse(`${place.path}.function_call`, "is not supported. Use 'tool_calls'.", 'unsupported_parameter');
  }
  const content = optionalContent(place, 'text and refusals');
  const refusal = boundText(place, 'refusal') ?? content?.refusal;
  const value = fieldOf(place, 'tool_calls') ?? [];
  const path = `${place.path}.tool_calls`;
  const toolCalls = listOf(value, path, LIMITS.toolCallsPerStepMax).map((call, i) =>
    decodeCall(placeOf(call, `${path}[${i}]`)),
  );
  const reasoning = decodeReasoning(place);
  return {
    role: 'assistant',
    text: content?.text ?? '',
    ...(refusal && { refusal }),
    ...(reasoning.length > 0 && { reasoning }),
    toolCalls,
  };
}

function decodeCall(place: Place): ToolCall {
  const callId = requiredText(place, 'id');
  const type = optionalText(place, 'type') ?? 'function';
  if (type !== 'function' && type !== 'custom') {
    throw refuse(`${place.path}.type`, 'must be function or custom.', 'unsupported_parameter');
  }
  const call = requiredPlace(place, type);
  const name = requiredText(call, 'name');
  const args = boundedArguments(call, type === 'function' ? 'arguments' : 'input');
  const extraContent = decodeExtraContent(place);
  const text = type === 'function' ? args : packCustomInput(args);
  return { callId, name, arguments: text, ...(extraContent && { extraContent }) };
}

function boundedArguments(call: Place, key: string): string {
  const text = optionalText(call, key);
  const path = `${call.path}.${key}`;
  if (text === undefined) throw missing(path);
  if (text.length <= LIMITS.toolArgumentsCharsMax) return text;
  throw refuse(path, `must have at most ${LIMITS.toolArgumentsCharsMax} characters.`, 'string_above_max_length');
}

/** A tool that gives nothing may have no content at all. Images go to the model as a message of the user. */
function takeToolAnswer(place: MessagePlace, callIds: ReadonlySet<string> | null, writer: ConversationWriter): void {
  const callId = requiredText(place, 'tool_call_id');
  if (callIds && !callIds.has(callId)) {
    throw refuse(`${place.path}.tool_call_id`, "must be the id of one of the 'tool_calls' of an earlier message.");
  }
  const content = optionalContent(place, 'text and images');
  const images = content?.parts.filter((part) => part.type === 'image') ?? [];
  writer.answer({ role: 'tool', callId, output: content?.text ?? '' }, images);
}

function requiredContent(place: MessagePlace, allows: ContentPlace['allows']): Content {
  const content = optionalContent(place, allows);
  if (!content) throw missing(`${place.path}.content`);
  return content;
}

function optionalContent(place: MessagePlace, allows: ContentPlace['allows']): Content | undefined {
  const value = fieldOf(place, 'content');
  const { path, textCharsMax } = place;
  return value === undefined ? undefined : decodeContent(value, { path: `${path}.content`, textCharsMax, allows });
}

function boundText(place: MessagePlace, key: string): string | undefined {
  const text = optionalText(place, key);
  if (text === undefined || text.length <= place.textCharsMax) return text;
  const problem = `must have at most ${place.textCharsMax} characters.`;
  throw refuse(`${place.path}.${key}`, problem, 'string_above_max_length');
}

function isVisible(message: Message): boolean {
  if (message.role === 'assistant') return false;
  // A result is something to answer, even an empty one.
  if (message.role === 'tool') return true;
  if (typeof message.content === 'string') return /\S/.test(message.content);
  return message.content.some((part) => part.type === 'image' || /\S/.test(part.text));
}
