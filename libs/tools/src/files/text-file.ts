import { Refusal } from '../workspace/refusal.js';

/** The text of a file, including a byte order mark. Undefined when the file is not UTF-8 text. */
export function decodeUtf8(content: Uint8Array): string | undefined {
  if (content.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    // Not UTF-8.
    return undefined;
  }
}

/** The text of a file that must be text. */
export function needText(content: Uint8Array): string {
  const text = decodeUtf8(content);
  if (text === undefined) throw new Refusal(`The file is not text (${content.length} bytes, binary or not UTF-8).`);
  return text;
}

/** The text as UTF-8. Refuses half characters, which would be written as something else. */
export function bytesOf(text: string): Buffer {
  if (!text.isWellFormed()) throw new Refusal('The text has half of a character in it (a lone surrogate).');
  return Buffer.from(text);
}
