import type { Message, ModelRequest } from '#libs/contract';

/** Splits a text into words, each with the white space after it. */
export function splitWords(text: string): readonly string[] {
  return text.match(/^\s+|\S+\s*/g) ?? [];
}

/** Number of words in everything that the model reads. */
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
