import { slice, type Mark, type RichText } from './rich-text.js';

/**
 * Cuts a text into parts of at most `max` UTF-16 units (at least 2), none of them blank. It cuts between paragraphs,
 * else lines, else words, else anywhere but inside a surrogate pair. A mark (a block of code, a link) that fits into a
 * part is never cut; a longer one goes on in the next part. Blanks at the cuts are left out, nothing else is.
 */
export function splitText(rich: RichText, max: number): readonly RichText[] {
  const parts: RichText[] = [];
  const last = rich.text.trimEnd().length;
  let at = skipBlank(rich, 0);
  while (at < last) {
    const end = last - at <= max ? last : cutAt(rich, at, at + max);
    const kept = at + rich.text.slice(at, end).trimEnd().length;
    if (kept > at) parts.push(slice(rich, at, kept));
    at = skipBlank(rich, end);
  }
  return parts;
}

/** Blank lines before a part are nothing that a reader would see; the indentation of code is. */
function skipBlank({ text }: RichText, from: number): number {
  const blank = /^\s*/.exec(text.slice(from))?.[0] ?? '';
  const lineStart = blank.lastIndexOf('\n') + 1;
  const isAtLine = lineStart > 0 || from === 0;
  return from + blank.length >= text.length ? text.length : from + (isAtLine ? lineStart : blank.length);
}

function cutAt({ text, marks }: RichText, start: number, end: number): number {
  const whole = outsideMarks(marks, start, end);
  if (whole < end) return whole;
  const room = text.slice(start, end + 1);
  // A part should be at least half full: a cut nearer to its end is worth more than one between paragraphs.
  const min = Math.floor((end - start) / 2);
  for (const sign of ['\n\n', '\n', ' ']) {
    const found = room.lastIndexOf(sign);
    const cut = found >= min ? outsideMarks(marks, start, start + found) : start;
    if (cut - start >= min && cut > start) return cut;
  }
  return betweenPairs(text, start, end);
}

/** The last place up to `end` that is inside of no mark which fits into a part; a mark that is longer may be cut. */
function outsideMarks(marks: readonly Mark[], start: number, end: number): number {
  const max = end - start;
  let cut = end;
  for (let moved = true; moved;) {
    moved = false;
    for (const { offset, length } of marks) {
      const isCut = offset < cut && offset + length > cut && offset > start && length <= max;
      if (isCut) [cut, moved] = [offset, true];
    }
  }
  return cut;
}

function betweenPairs(text: string, start: number, end: number): number {
  const code = text.charCodeAt(end);
  const isInside = code >= 0xdc00 && code <= 0xdfff && end - 1 > start;
  return isInside ? end - 1 : end;
}
