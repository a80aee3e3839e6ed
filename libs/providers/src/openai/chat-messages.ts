import {
  CACHE_MARK_FIELDS,
  type AssistantMessage,
  type CacheMark,
  type ContentPart,
  type JsonObject,
  type JsonValue,
  type Message,
  type ModelRequest,
  type Reasoning,
  type ToolCall,
  type UserMessage,
} from '#libs/contract';
import { fitCallId } from './fit-call-id.js';

/** Properties of the upstream that decide how a conversation is written. */
export interface MessageWire {
  /** See `fitCallId`. */
  readonly shortIds?: boolean;
  /** Whether it accepts `prompt_cache_breakpoint` on parts. */
  readonly takesMarks?: boolean;
}

/** The system text and the conversation as Chat Completions messages. */
export function toChatMessages(
  { system, messages }: Pick<ModelRequest, 'system' | 'messages'>,
  wire: MessageWire = {},
): JsonObject[] {
  const instructions = system === '' ? [] : [{ role: 'system', content: system }];
  return [...instructions, ...messages.map((message) => toChatMessage(message, wire))];
}

function toChatMessage(message: Message, { shortIds = false, takesMarks = false }: MessageWire): JsonObject {
  switch (message.role) {
    case 'user': {
      const content = toChatContent(message.content, takesMarks);
      return { role: 'user', content, ...(message.name !== undefined && { name: message.name }) };
    }
    case 'assistant':
      return toAssistantMessage(message, shortIds);
    case 'system':
      return { role: 'system', content: marked(message.content, message, takesMarks) };
    case 'tool':
      // No field says that a tool failed. The output of the tool says it.
      return {
        role: 'tool',
        tool_call_id: fitCallId(message.callId, shortIds),
        content: marked(message.output, message, takesMarks),
      };
  }
}

/** `content` may be null only beside calls or a refusal. */
function toAssistantMessage({ text, refusal, reasoning, toolCalls }: AssistantMessage, shortIds: boolean): JsonObject {
  const isEmpty = text === '' && (toolCalls.length > 0 || refusal !== undefined);
  return {
    role: 'assistant',
    content: isEmpty ? null : text,
    ...(refusal !== undefined && { refusal }),
    ...(reasoning && reasoningFields(reasoning)),
    ...(toolCalls.length > 0 && { tool_calls: toolCalls.map((call) => toChatCall(call, shortIds)) }),
  };
}

/** Reasoning under the names that the server used itself. Empty text is left out, because not all servers accept it. */
function reasoningFields(blocks: readonly Reasoning[]): JsonObject {
  const text = blocks.map((block) => block.text).join('');
  const textField = blocks.find(({ seal }) => seal?.textField)?.seal?.textField ?? 'reasoning_content';
  const details = blocks.flatMap(({ seal }) => listOf(seal?.fields?.['reasoning_details']));
  const fields = blocks.findLast(({ seal }) => seal?.fields?.['extra_content'])?.seal?.fields;
  return {
    ...(text !== '' && { [textField]: text }),
    ...(details.length > 0 && { reasoning_details: details }),
    ...(fields && { extra_content: fields['extra_content'] }),
  };
}

const listOf = (value: JsonObject[string]): readonly JsonObject[] =>
  Array.isArray(value) ? (value as readonly JsonObject[]) : [];

function toChatCall({ callId, name, arguments: text, extraContent }: ToolCall, shortIds: boolean): JsonObject {
  const extra = extraContent && { extra_content: extraContent };
  // Servers parse the arguments in the history, and some of them wrote '' for a call without any.
  return {
    id: fitCallId(callId, shortIds),
    type: 'function',
    function: { name, arguments: text === '' ? '{}' : text },
    ...extra,
  };
}

/** Texts alone become one text, unless there is a mark between them, because not every server accepts parts. */
function toChatContent(content: UserMessage['content'], takesMarks: boolean): JsonValue {
  if (typeof content === 'string') return content;
  const texts = content.filter((part) => part.type === 'text');
  if (texts.length < content.length || (takesMarks && content.some(hasMark)))
    return content.map((part) => toChatPart(part, takesMarks));
  return texts
    .map(({ text }) => text)
    .filter((text) => text !== '')
    .join('\n');
}

function toChatPart(part: ContentPart, takesMarks: boolean): JsonObject {
  const mark = takesMarks && hasMark(part) && { [MARK]: part.cacheMark?.fields };
  if (part.type === 'text') return { type: 'text', text: part.text, ...mark };
  if (part.type === 'file') {
    return { type: 'file', file: { filename: part.name ?? NAMELESS, file_data: part.url }, ...mark };
  }
  const { url, detail } = part;
  return { type: 'image_url', image_url: { url, ...(detail !== undefined && { detail }) }, ...mark };
}

/** OpenAI asks for a name. */
const NAMELESS = 'file.pdf';

function marked(text: string, { cacheMark }: Markable, takesMarks: boolean): JsonValue {
  return takesMarks && hasMark({ cacheMark }) ? [{ type: 'text', text, [MARK]: cacheMark?.fields }] : text;
}

interface Markable {
  readonly cacheMark?: CacheMark | undefined;
}

const MARK = CACHE_MARK_FIELDS.openai;

const hasMark = ({ cacheMark }: Markable): boolean => cacheMark?.form === 'openai';
