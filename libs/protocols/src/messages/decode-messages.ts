import { LIMITS } from '#libs/contract';
import type { AssistantMessage, Message, ToolCall, ToolMessage, UserMessage } from '#libs/contract';
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

export interface Conversation {
  /** The texts of all system and developer messages, wherever they stand, joined by line breaks. */
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
 * The `messages` of a Chat Completions request; their number was checked with the DTO. At least one user or tool
 * message must have something to see: text that is not blank, or an image.
 */
export function decodeMessages(
  list: readonly unknown[],
  textCharsMax: number,
  { path, callIds, mayBeInvisible = false }: MessageList = { path: 'messages', callIds: new Set() },
): Conversation {
  const instructions: string[] = [];
  const messages: Message[] = [];
  list.forEach((value, i) => {
    const place = { ...placeOf(value, `${path}[${i}]`), textCharsMax };
    const role = requiredText(place, 'role');
    switch (role) {
      case 'system':
      case 'developer':
        instructions.push(requiredContent(place, 'text').text);
        return;
      case 'user':
        messages.push(decodeUser(place));
        return;
      case 'assistant': {
        const message = decodeAssistant(place);
        for (const call of message.toolCalls) callIds?.add(call.callId);
        messages.push(message);
        return;
      }
      case 'tool':
        messages.push(decodeToolAnswer(place, callIds));
        return;
      case 'function':
        throw refuse(`${place.path}.role`, "must not be function. Use 'tool'.", 'unsupported_parameter');
      default:
        throw refuse(`${place.path}.role`, 'must be one of system, developer, user, assistant, tool.');
    }
  });
  if (!mayBeInvisible && !messages.some(isVisible)) throw refuse(path, 'must have a user message with content.');
  const text = instructions.filter((said) => said !== '').join('\n');
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
  if (type !== 'function') {
    throw refuse(
      `${place.path}.type`,
      'must be function: other kinds of calls are not supported.',
      'unsupported_parameter',
    );
  }
  const call = requiredPlace(place, 'function');
  const name = requiredText(call, 'name');
  const args = optionalText(call, 'arguments');
  const path = `${call.path}.arguments`;
  if (args === undefined) throw missing(path);
  if (args.length > LIMITS.toolArgumentsCharsMax) {
    throw refuse(path, `must have at most ${LIMITS.toolArgumentsCharsMax} characters.`, 'string_above_max_length');
  }
  const extraContent = decodeExtraContent(place);
  return { callId, name, arguments: args, ...(extraContent && { extraContent }) };
}

function decodeToolAnswer(place: MessagePlace, callIds: ReadonlySet<string> | null): ToolMessage {
  const callId = requiredText(place, 'tool_call_id');
  if (callIds && !callIds.has(callId)) {
    throw refuse(`${place.path}.tool_call_id`, "must be the id of one of the 'tool_calls' of an earlier message.");
  }
  return { role: 'tool', callId, output: requiredContent(place, 'text').text };
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
  if (message.role === 'tool') return /\S/.test(message.output);
  if (typeof message.content === 'string') return /\S/.test(message.content);
  return message.content.some((part) => part.type === 'image' || /\S/.test(part.text));
}
