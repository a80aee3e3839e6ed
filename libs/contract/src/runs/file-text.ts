import type { ContentPart, FilePart, Message, TextPart } from '../message.js';

/**
 * A file as the text that a model without files reads. A file in which nobody could read a text is only mentioned, so
 * that the model does not take it for absent.
 */
function fileAsText({ name, text = '', cacheMark }: FilePart): TextPart {
  const head = name ? `File "${name.replaceAll(/["\r\n]/g, ' ')}"` : 'File';
  const said = text.trim() === '' ? `${head}: (a PDF without text that can be read)` : `${head}:\n${text}`;
  return { type: 'text', text: said, ...(cacheMark && { cacheMark }) };
}

/** The messages with each file as its text; the same list when there is none. */
export function withFilesAsText(messages: readonly Message[]): readonly Message[] {
  if (!messages.some(hasFile)) return messages;
  return messages.map((message) => {
    if (message.role !== 'user' || typeof message.content === 'string') return message;
    return { ...message, content: message.content.map(textOfFile) };
  });
}

/** Whether a file is part of the message. */
export const hasFile = (message: Message): boolean =>
  message.role === 'user' &&
  typeof message.content !== 'string' &&
  message.content.some((part) => part.type === 'file');

const textOfFile = (part: ContentPart): ContentPart => (part.type === 'file' ? fileAsText(part) : part);
