/** A block of code between fences: from its first line to behind its last one. */
interface Fence {
  readonly start: number;
  readonly end: number;
  /** Its first line, without more than a language: what goes on in the next part begins with it. */
  readonly opening: string;
  readonly sign: string;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})([^\n`]*)$/gm;
const SIGN_CHARS_MAX = 10;
const LANGUAGE_CHARS_MAX = 20;
/** A line break and the sign that ends a block. */
const CLOSING_CHARS_MAX = SIGN_CHARS_MAX + 1;
/** A part has room for the fences and some text. */
const MAX_MIN = 4 * (SIGN_CHARS_MAX + LANGUAGE_CHARS_MAX);

/**
 * Cuts Markdown into parts of at most `max` UTF-16 units (at least 120), each readable by itself, none of them blank.
 * It cuts between paragraphs, else lines, else words, else anywhere but inside a surrogate pair. A block of code that
 * fits into a part is not cut; a longer one ends with its fence and goes on with it in the next part.
 */
export function splitMarkdown(text: string, max: number): readonly string[] {
  if (max < MAX_MIN) throw new RangeError(`a part needs at least ${MAX_MIN} characters`);
  const fences = fencesOf(text);
  const last = text.trimEnd().length;
  const parts: string[] = [];
  for (let at = skipBlank(text, 0); at < last;) {
    const inside = fences.find(({ start, end }) => start < at && at < end);
    const prefix = inside ? `${inside.opening}\n` : '';
    const isWhole = last - at + prefix.length <= max;
    const end = isWhole ? last : cutAt({ text, fences }, at, at + max - prefix.length - CLOSING_CHARS_MAX);
    const open = isWhole ? undefined : fences.find((fence) => fence.start < end && end < fence.end);
    const body = text.slice(at, end).trimEnd();
    if (body.trim() !== '') parts.push(prefix + body + (open ? `\n${open.sign}` : ''));
    at = skipBlank(text, end);
  }
  return parts;
}

function fencesOf(text: string): readonly Fence[] {
  const fences: Fence[] = [];
  let open: { start: number; opening: string; sign: string } | undefined;
  for (const match of text.matchAll(FENCE)) {
    const [line, sign = '', info = ''] = match;
    if (!open) {
      const opening = sign.slice(0, SIGN_CHARS_MAX) + (info.trim().split(/\s/)[0] ?? '').slice(0, LANGUAGE_CHARS_MAX);
      open = { start: match.index, opening, sign: sign.slice(0, SIGN_CHARS_MAX) };
    } else if (sign.startsWith(open.sign) && info.trim() === '') {
      fences.push({ ...open, end: match.index + line.length });
      open = undefined;
    }
  }
  return open ? [...fences, { ...open, end: text.length + 1 }] : fences;
}

/** Blank lines before a part are nothing that a reader would see; the indentation of a line is. */
function skipBlank(text: string, from: number): number {
  const blank = /^\s*/.exec(text.slice(from, from + BLANK_CHARS_MAX))?.[0] ?? '';
  const lineStart = blank.lastIndexOf('\n') + 1;
  const isAtLine = lineStart > 0 || from === 0;
  return from + (isAtLine ? lineStart : blank.length);
}

/** Looking further would take the square of the length, for a text of blanks. */
const BLANK_CHARS_MAX = 10_000;

interface Fenced {
  readonly text: string;
  readonly fences: readonly Fence[];
}

function cutAt({ text, fences }: Fenced, start: number, end: number): number {
  const min = start + Math.floor((end - start) / 2);
  const inside = fences.find((fence) => fence.start > start && fence.start < end && end < fence.end);
  // The block goes into the next part as a whole.
  if (inside && inside.end - inside.start <= end - start) return inside.start;
  const room = text.slice(start, end + 1);
  for (const sign of ['\n\n', '\n', ' ']) {
    const found = start + room.lastIndexOf(sign);
    if (found >= min && found > start && !isInShortFence(fences, { start, at: found, max: end - start })) return found;
  }
  const code = text.charCodeAt(end);
  const isInPair = code >= 0xdc00 && code <= 0xdfff && end - 1 > start;
  return isInPair ? end - 1 : end;
}

/** Whether a cut would go through a block that begins in this part and fits into one. */
function isInShortFence(
  fences: readonly Fence[],
  { start, at, max }: { readonly start: number; readonly at: number; readonly max: number },
): boolean {
  return fences.some(
    (fence) => fence.start > start && fence.start < at && at < fence.end && fence.end - fence.start <= max,
  );
}
