import type { MarkType, RichWriter } from './rich-text.js';

const PAIRS: readonly (readonly [sign: string, type: MarkType])[] = [
  ['**', 'bold'],
  ['__', 'bold'],
  ['~~', 'strikethrough'],
  ['*', 'italic'],
  ['_', 'italic'],
];
const LEVELS_MAX = 6;
const SIGNS = /[\\`[*_~]/g;

/** Writes one line of Markdown without its signs. Signs that belong to nothing stay as they are. */
export function writeInline(line: string, into: RichWriter, level = 0): void {
  /** Signs that no other one closes: looking for it again would take the square of the length. */
  const open = new Set<string>();
  let at = 0;
  while (at < line.length) {
    SIGNS.lastIndex = at;
    const next = SIGNS.exec(line)?.index ?? line.length;
    into.push(line.slice(at, next));
    at = next;
    if (at >= line.length) return;
    const taken = takeSpecial(line, at, { into, open, level });
    if (taken > 0) at += taken;
    else into.push(line[at++] ?? '');
  }
}

interface Place {
  readonly into: RichWriter;
  readonly open: Set<string>;
  readonly level: number;
}

/** @returns how many characters were read; 0: the sign at `at` is a plain character. */
function takeSpecial(line: string, at: number, place: Place): number {
  switch (line[at]) {
    case '\\':
      return takeEscape(line, at, place);
    case '`':
      return takeCode(line, at, place);
    case '[':
      return takeLink(line, at, place);
    default:
      return place.level < LEVELS_MAX ? takePair(line, at, place) : 0;
  }
}

function takeEscape(line: string, at: number, { into }: Place): number {
  const escaped = line[at + 1];
  if (escaped === undefined || !/[!-/:-@[-`{-~]/.test(escaped)) return 0;
  into.push(escaped);
  return 2;
}

function takeCode(line: string, at: number, { into, open }: Place): number {
  let count = 1;
  while (line[at + count] === '`') count++;
  const sign = '`'.repeat(count);
  const end = closing(line, sign, at + count, open);
  if (end < 0) return 0;
  const start = into.length;
  into.push(line.slice(at + count, end));
  into.mark('code', start);
  return end + count - at;
}

function takeLink(line: string, at: number, { into, open, level }: Place): number {
  const middle = closing(line, '](', at + 1, open);
  const end = middle < 0 ? -1 : closing(line, ')', middle + 2, open);
  if (end < 0) return 0;
  const url = line.slice(middle + 2, end).trim();
  if (!/^(https?|mailto|tg):\S+$/i.test(url)) return 0;
  const start = into.length;
  writeInline(line.slice(at + 1, middle), into, level + LEVELS_MAX);
  into.mark('text_link', start, { url });
  return end + 1 - at;
}

function takePair(line: string, at: number, { into, open, level }: Place): number {
  for (const [sign, type] of PAIRS) {
    if (!line.startsWith(sign, at)) continue;
    const from = at + sign.length;
    // `2 * 3`, `snake_case`: signs inside of words and before blanks are none.
    const isWord = sign[0] === '_' && /\w/.test(line[at - 1] ?? '');
    if (isWord || /^\s?$/.test(line[from] ?? '')) return 0;
    const end = closing(line, sign, from, open);
    if (end <= from || /\s/.test(line[end - 1] ?? '')) continue;
    if (sign[0] === '_' && /\w/.test(line[end + sign.length] ?? '')) continue;
    const start = into.length;
    writeInline(line.slice(from, end), into, level + 1);
    into.mark(type, start);
    return end + sign.length - at;
  }
  return 0;
}

function closing(line: string, sign: string, from: number, open: Set<string>): number {
  if (open.has(sign)) return -1;
  const end = line.indexOf(sign, from);
  if (end < 0) open.add(sign);
  return end;
}
