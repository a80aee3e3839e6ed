import type { RunInput } from '#libs/contract';

const TITLE_CHARS_MAX = 60;
/** The part of a message that is used for its title. */
const LOOKED_AT_CHARS_MAX = 1_000;

/** A title from the first words the user said: one line, without markup at its start, cut at a word. null: no words. */
export function titleOf(input: RunInput | undefined): string | null {
  const first = input?.messages.find((message) => message.role === 'user');
  if (!first) return null;
  const { content } = first;
  const text =
    typeof content === 'string' ? content : content.map((part) => (part.type === 'text' ? part.text : '')).join(' ');
  const words = text
    .slice(0, LOOKED_AT_CHARS_MAX)
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .replace(/^[\s#>*`"'-]+/, '')
    .trim();
  return words === '' ? null : cutAtWord(words);
}

const SEGMENTER = new Intl.Segmenter();

function cutAtWord(text: string): string {
  // A letter has at least one UTF-16 unit.
  if (text.length <= TITLE_CHARS_MAX) return text;
  const letters = [...SEGMENTER.segment(text)].map(({ segment }) => segment);
  if (letters.length <= TITLE_CHARS_MAX) return text;
  const start = letters.slice(0, TITLE_CHARS_MAX).join('');
  const lastSpace = letters[TITLE_CHARS_MAX] === ' ' ? start.length : start.lastIndexOf(' ');
  // A text without spaces is cut at the limit.
  const cut = lastSpace > start.length / 2 ? start.slice(0, lastSpace) : start;
  return `${cut.replace(/[\s,;:.–-]+$/, '')}…`;
}
