import type { AssistantMessage, ContentPart, JsonObject, Message, ModelRequest, ToolCall } from '#libs/contract';
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
    case 'tool':
      // There is no field that says that a tool failed; its output does.
      return { role: 'tool', tool_call_id: fitCallId(message.callId, shortIds), content: message.output };
  }
}

/** `content` may be null only beside calls or a refusal. */
function toAssistantMessage({ text, refusal, toolCalls }: AssistantMessage, shortIds: boolean): JsonObject {
  const isEmpty = text === '' && (toolCalls.length > 0 || refusal !== undefined);
  return {
    role: 'assistant',
    content: isEmpty ? null : text,
    ...(refusal !== undefined && { refusal }),
    ...(toolCalls.length > 0 && { tool_calls: toolCalls.map((call) => toChatCall(call, shortIds)) }),
  };
}

function toChatCall({ callId, name, arguments: text }: ToolCall, shortIds: boolean): JsonObject {
  // Servers parse the arguments of the history; a call without any was written as '' by some of them.
  return {
    id: fitCallId(callId, shortIds),
    type: 'function',
    function: { name, arguments: text === '' ? '{}' : text },
  };
}

function toChatPart(part: ContentPart): JsonObject {
  if (part.type === 'text') return { type: 'text', text: part.text };
  const { url, detail } = part;
  return { type: 'image_url', image_url: { url, ...(detail !== undefined && { detail }) } };
}
