/** Which messages of an answer stand as replies to the question. */
export type ReplyMode = 'off' | 'first' | 'all';

/** An unknown word behaves as `first`. */
export function replyModeOf(word: string): ReplyMode {
  const known = word.trim().toLowerCase();
  return known === 'off' || known === 'all' ? known : 'first';
}

/** @param part counts the messages of the answer from 0. */
export function isReply(mode: ReplyMode, part: number): boolean {
  return mode === 'all' || (mode === 'first' && part === 0);
}
