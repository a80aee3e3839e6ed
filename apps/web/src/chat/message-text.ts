import type { ChatFile, ChatMessage } from '#libs/wire';

/** What the user said in these messages, without pictures. */
export function userText(messages: readonly ChatMessage[]): string {
  return messages
    .filter(({ role }) => role === 'user')
    .map(({ content }) =>
      typeof content === 'string'
        ? content
        : (content ?? []).flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n'),
    )
    .join('\n\n');
}

/** The addresses of the pictures in these messages. */
export function imagesOf(messages: readonly ChatMessage[]): readonly string[] {
  return messages.flatMap(({ content }) =>
    typeof content === 'string' || content === null
      ? []
      : content.flatMap((part) => (part.type === 'image_url' ? [part.image_url.url] : [])),
  );
}

/** The files in these messages. */
export function filesOf(messages: readonly ChatMessage[]): readonly ChatFile[] {
  return messages.flatMap(({ content }) =>
    typeof content === 'string' || content === null ? [] : content.filter((part) => part.type === 'file'),
  );
}

export const fileName = ({ file }: ChatFile): string => file.filename ?? 'PDF';

/** A user's message of this text, these pictures and these files. */
export function userMessage(text: string, images: readonly string[], files: readonly ChatFile[] = []): ChatMessage {
  if (images.length + files.length === 0) return { role: 'user', content: text };
  const parts = images.map((url) => ({ type: 'image_url' as const, image_url: { url } }));
  return { role: 'user', content: [...(text === '' ? [] : [{ type: 'text' as const, text }]), ...parts, ...files] };
}
