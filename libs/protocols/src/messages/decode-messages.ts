import { LIMITS } from '#libs/contract';
import type { AssistantMessage, JsonObject, Message, ToolCall, UserMessage } from '#libs/contract';
import { packCustomInput } from '../custom-tools.js';
import { object, oneOf, text } from '../dto/fragments.js';
import { aLongText, described, filledText, innerObject, maybeKind, maybeList, maybeText, shape } from '../dto/shape.js';
import {
  fieldOf,
  missing,
  optionalText,
  placeOf,
  refuse,
  requiredPlace,
  requiredText,
  type Place,
} from '../request-place.js';
import { decodeExtraContent, decodeReasoning } from './decode-reasoning.js';
import { decodeContent, userContent, type Content, type ContentPlace } from '../decode-content.js';
import { ConversationWriter } from './conversation-writer.js';

export interface DecodedConversation {
  /** The texts of the system and developer messages before all others, joined by line breaks. */
  readonly instructions?: string;
  readonly messages: readonly Message[];
}

/**
 * The position of a list of messages in its request, and the calls that its tool messages may answer. Both grow with
 * it.
 */
export interface MessageList {
  readonly path: string;
  /** null when the calls are not known here: then every answer is accepted. */
  readonly callIds: Set<string> | null;
  /** Whether the list may have nothing to see. */
  readonly mayBeInvisible?: boolean;
}

/**
 * The `messages` of a Chat Completions request; their number was checked with the DTO. At least one message that is not
 * the assistant's must have something to see: text that is not blank, or an image. A system message after the first
 * other message keeps its position: moved to the front it would mean something else, and invalidate the prompt cache.
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
        const { text, cacheMark } = requiredContent(place, 'text');
        if (messages.length === 0) instructions.push(text);
        else if (text !== '') writer.add({ role: 'system', content: text, ...(cacheMark && { cacheMark }) });
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
  const content = userContent(requiredContent(place, 'text and images'));
  const name = MESSAGE.read(place, 'name');
  return { role: 'user', content, ...(name && { name }) };
}

function decodeAssistant(place: MessagePlace): AssistantMessage {
  if (fieldOf(place, 'function_call') !== undefined) {
    throw refuse(`${place.path}.function_call`, "is not supported. Use 'tool_calls'.", 'unsupported_parameter');
  }
  const content = optionalContent(place, 'text and refusals');
  const refusal = boundText(place, 'refusal') ?? content?.refusal;
  const toolCalls = (MESSAGE.read(place, 'tool_calls') ?? []).map((call, i) =>
    decodeCall(placeOf(call, `${place.path}.tool_calls[${i}]`)),
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

const PART: JsonObject = oneOf(
  object({ type: { enum: ['text', 'input_text', 'output_text'] }, text: text('Words.') }, ['type', 'text']),
  object(
    {
      type: { enum: ['image_url', 'input_image'] },
      image_url: oneOf(
        text('http, https or data:image URL.'),
        object({ url: text('The same.'), detail: text('low, high or auto.') }, ['url']),
      ),
    },
    ['type', 'image_url'],
  ),
  object(
    {
      type: { const: 'file' },
      file: object({ file_data: text('Base64 data URL of a PDF or a text.'), filename: text('Its name.') }, [
        'file_data',
      ]),
    },
    ['type', 'file'],
  ),
);

const FUNCTION_CALLED = shape({
  name: filledText('Which tool.'),
  arguments: aLongText('JSON text.', LIMITS.toolArgumentsCharsMax),
});
const CUSTOM_CALLED = shape({
  name: filledText('Which tool.'),
  input: aLongText('Free text.', LIMITS.toolArgumentsCharsMax),
});
const TOOL_CALL = shape({
  id: filledText('Unique in the conversation.'),
  type: maybeKind('function'),
  function: innerObject(FUNCTION_CALLED),
});

const MESSAGE = shape({
  role: described({ enum: ['system', 'developer', 'user', 'assistant', 'tool'] }, { isRequired: true }),
  content: described(
    oneOf({ type: 'string' }, { type: 'array', items: PART, maxItems: LIMITS.contentPartsMax }, { type: 'null' }),
  ),
  name: maybeText('Of the user.'),
  refusal: described({ type: ['string', 'null'] }),
  tool_calls: maybeList(TOOL_CALL.schema, LIMITS.toolCallsPerStepMax),
  tool_call_id: described(text('Of a tool message: the call that it answers.')),
});

/**
 * JSON Schema of a message that `decodeMessages` reads. Custom calls and reasoning are read, too, but not documented.
 */
export const CHAT_MESSAGE = MESSAGE.schema;

function decodeCall(place: Place): ToolCall {
  const callId = TOOL_CALL.read(place, 'id');
  const type = TOOL_CALL.read(place, 'type') ?? 'function';
  if (type !== 'function' && type !== 'custom') {
    throw refuse(`${place.path}.type`, 'must be function or custom.', 'unsupported_parameter');
  }
  const called = type === 'function' ? FUNCTION_CALLED.parse(TOOL_CALL.read(place, 'function')) : customCall(place);
  const extraContent = decodeExtraContent(place);
  return { callId, ...called, ...(extraContent && { extraContent }) };
}

function customCall(place: Place): Pick<ToolCall, 'name' | 'arguments'> {
  const { name, input } = CUSTOM_CALLED.parse(requiredPlace(place, 'custom'));
  return { name, arguments: packCustomInput(input) };
}

/** A tool without output may have no content at all. Images go to the model in a user message. */
function takeToolAnswer(place: MessagePlace, callIds: ReadonlySet<string> | null, writer: ConversationWriter): void {
  const callId = requiredText(place, 'tool_call_id');
  if (callIds && !callIds.has(callId)) {
    throw refuse(`${place.path}.tool_call_id`, "must be the id of one of the 'tool_calls' of an earlier message.");
  }
  const content = optionalContent(place, 'text and images');
  const images = content?.parts.filter((part) => part.type !== 'text') ?? [];
  const { cacheMark } = content ?? {};
  writer.answer({ role: 'tool', callId, output: content?.text ?? '', ...(cacheMark && { cacheMark }) }, images);
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
  // A result needs an answer, even an empty one.
  if (message.role === 'tool') return true;
  if (typeof message.content === 'string') return /\S/.test(message.content);
  return message.content.some((part) => part.type !== 'text' || /\S/.test(part.text));
}
