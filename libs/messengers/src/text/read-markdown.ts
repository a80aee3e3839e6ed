import { writeInline } from './inline.js';
import { RichWriter, type RichText } from './rich-text.js';

/**
 * Markdown as models write it, as a text with marks: blocks and spans of code, bold, italic, struck out, links, quotes;
 * headings become bold, bullets dots, tables blocks of code. A block of code that is still open ends with the text.
 */
export function readMarkdown(markdown: string): RichText {
  const into = new RichWriter();
  const lines = markdown.replace(/\r\n?/g, '\n').split('\n');
  let at = 0;
  while (at < lines.length) {
    if (at > 0) into.push('\n');
    at +=
      writeFence(lines, at, into) ||
      writeTable(lines, at, into) ||
      writeQuote(lines, at, into) ||
      writeLine(lines[at] ?? '', into);
  }
  return into.done();
}

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^\s`]*)[^`]*$/;
const QUOTE = /^ {0,3}> ?/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

const isTable = (lines: readonly string[], at: number): boolean =>
  (lines[at] ?? '').includes('|') && (lines[at + 1] ?? '').includes('-') && TABLE_RULE.test(lines[at + 1] ?? '');

/** @returns how many lines it took. */
function writeFence(lines: readonly string[], at: number, into: RichWriter): number {
  const [, fence = '', language = ''] = FENCE.exec(lines[at] ?? '') ?? [];
  if (fence === '') return 0;
  const isEnd = (line: string): boolean => line.trim().startsWith(fence) && /^(`+|~+)$/.test(line.trim());
  const rest = lines.slice(at + 1);
  const end = rest.findIndex(isEnd);
  const code = end < 0 ? rest : rest.slice(0, end);
  const start = into.length;
  into.push(code.join('\n'));
  into.mark('pre', start, language === '' ? {} : { language });
  return code.length + (end < 0 ? 1 : 2);
}

function writeTable(lines: readonly string[], at: number, into: RichWriter): number {
  if (!isTable(lines, at)) return 0;
  const length = lines.slice(at).findIndex((line) => !line.includes('|'));
  const rows = length < 0 ? lines.slice(at) : lines.slice(at, at + length);
  // The rule below the head of a table of one column has no bar.
  const table = rows.length < 2 ? lines.slice(at, at + 2) : rows;
  const start = into.length;
  into.push(table.join('\n'));
  into.mark('pre', start);
  return table.length;
}

function writeQuote(lines: readonly string[], at: number, into: RichWriter): number {
  let count = 0;
  const start = into.length;
  for (let line = lines[at]; line !== undefined && QUOTE.test(line); line = lines[at + count]) {
    if (count > 0) into.push('\n');
    writeInline(line.replace(QUOTE, ''), into);
    count++;
  }
  if (count > 0) into.mark('blockquote', start);
  return count;
}

function writeLine(line: string, into: RichWriter): number {
  const heading = /^ {0,3}#{1,6}\s+(.*?)\s*#*$/.exec(line);
  if (heading) {
    const start = into.length;
    writeInline(heading[1] ?? '', into);
    into.mark('bold', start);
    return 1;
  }
  const bullet = /^(\s*)[-*+]\s+(.*)$/.exec(line);
  if (bullet) into.push(`${bullet[1] ?? ''}• `);
  writeInline(bullet ? (bullet[2] ?? '') : line, into);
  return 1;
}
