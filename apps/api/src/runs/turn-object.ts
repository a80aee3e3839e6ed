import type { ContentPart, Message, PriceTable, Turn } from '#libs/contract';
import { runObject } from '#libs/protocols';
import type { TurnObject, ChatContent, ChatMessage } from '#libs/wire';

/** What models cost, for runs as clients see them. */
export const PRICES = Symbol('PRICES');

/** A turn for a page: the run, its input, and the texts that the user added while it was under way. */
export function turnObject({ input, snapshot }: Turn, prices?: PriceTable): TurnObject {
  return {
    ...runObject(snapshot, prices),
    input: (input?.messages ?? []).map(chatMessageObject),
    steers: (snapshot.steers ?? []).map(({ afterStep, text }) => ({ after_step: afterStep, text })),
  };
}

/** In the form of Chat Completions, which every client of sessions knows. */
export function chatMessageObject(message: Message): ChatMessage {
  switch (message.role) {
    case 'user':
      return { role: 'user', content: contentObject(message.content) };
    case 'system':
      return { role: 'system', content: message.content };
    case 'tool':
      return { role: 'tool', tool_call_id: message.callId, content: message.output };
    case 'assistant':
      return {
        role: 'assistant',
        content: message.text === '' ? null : message.text,
        ...(message.refusal !== undefined && { refusal: message.refusal }),
        ...(message.toolCalls.length > 0 && {
          tool_calls: message.toolCalls.map(({ callId, name, arguments: text }) => ({
            id: callId,
            type: 'function',
            function: { name, arguments: text },
          })),
        }),
      };
  }
}

function contentObject(content: string | readonly ContentPart[]): ChatContent {
  if (typeof content === 'string') return content;
  return content.map((part) => {
    switch (part.type) {
      case 'text':
        return { type: 'text', text: part.text };
      case 'file': {
        const name = part.name !== undefined && { filename: part.name };
        return { type: 'file', file: { ...name, file_data: part.url } };
      }
      default:
        return { type: 'image_url', image_url: { url: part.url } };
    }
  });
}
