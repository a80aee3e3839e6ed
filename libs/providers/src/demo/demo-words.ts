import type { Message, ModelRequest } from '#libs/contract';

/** Pieces that together are the text: each a word with the white space behind it. */
export function splitWords(text: string): readonly string[] {
  return text.match(/^\s+|\S+\s*/g) ?? [];
}

/** Words of everything that the model is given to read. */
export function inputWords({ system, messages }: ModelRequest): number {
  return [system, ...messages.map(messageText)].reduce((sum, text) => sum + splitWords(text).length, 0);
}

/** A message's words; images have none. */
export function messageText(message: Message): string {
  switch (message.role) {
    case 'user': {
      const { content } = message;
      if (typeof content === 'string') return content;
      return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
    }
    case 'assistant':
      return [message.text, ...message.toolCalls.map((call) => `${call.name} ${call.arguments}`)].join(' ');
    case 'system':
      return message.content;
    case 'tool':
      return message.output;
  }
}
