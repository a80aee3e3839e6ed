import type {
  AssistantMessage,
  ContentPart,
  JsonObject,
  Message,
  ModelRequest,
  Reasoning,
  ToolCall,
} from '#libs/contract';
import { fitCallId } from './fit-call-id.js';

/**
 * The system text and the conversation as Chat Completions messages.
 * @param shortIds see `fitCallId`.
 */
export function toChatMessages(
  { system, messages }: Pick<ModelRequest, 'system' | 'messages'>,
  shortIds = false,
): JsonObject[] {
  const instructions = system === '' ? [] : [{ role: 'system', content: system }];
  return [...instructions, ...messages.map((message) => toChatMessage(message, shortIds))];
}

function toChatMessage(message: Message, shortIds: boolean): JsonObject {
  switch (message.role) {
    case 'user': {
      const content = typeof message.content === 'string' ? message.content : message.content.map(toChatPart);
      return { role: 'user', content, ...(message.name !== undefined && { name: message.name }) };
    }
    case 'assistant':
      return toAssistantMessage(message, shortIds);
    case 'system':
      return { role: 'system', content: message.content };
    case 'tool':
      // There is no field that says that a tool failed; its output does.
      return { role: 'tool', tool_call_id: fitCallId(message.callId, shortIds), content: message.output };
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

/** Under the names that the server used itself. An empty text is left out: servers differ in whether they take it. */
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
  // Servers parse the arguments of the history; some of them wrote '' for a call without any.
  return {
    id: fitCallId(callId, shortIds),
    type: 'function',
    function: { name, arguments: text === '' ? '{}' : text },
    ...extra,
  };
}

function toChatPart(part: ContentPart): JsonObject {
  if (part.type === 'text') return { type: 'text', text: part.text };
  const { url, detail } = part;
  return { type: 'image_url', image_url: { url, ...(detail !== undefined && { detail }) } };
}
