/**
 * The text of an HTML page for a model to read: no scripts, styles, comments or tags; blocks on lines of their own;
 * links keep their target in brackets when it is an http(s) one. This is a scanner, not a parser: it reads any page
 * once and never fails. Broken markup yields less tidy text.
 */
export function readableText(html: string): string {
  const out: string[] = [];
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    if (open < 0) break;
    out.push(html.slice(at, open));
    const tag = readTag(html, open);
    out.push(tag.text);
    at = tag.end;
  }
  out.push(html.slice(at));
  return tidy(decodeEntities(out.join('')));
}

/** The text that replaces the tag, and the index where the text continues. */
interface Tag {
  readonly text: string;
  readonly end: number;
}

function readTag(html: string, open: number): Tag {
  if (html.startsWith('<!--', open)) return { text: '', end: endAfter(html, '-->', open + 4) };
  TAG_NAME.lastIndex = open;
  const name = TAG_NAME.exec(html)?.[1]?.toLowerCase();
  // A lone "<", as in "a < b".
  if (name === undefined) return { text: '<', end: open + 1 };
  const end = endAfter(html, '>', open);
  const isEnd = html.charAt(open + 1) === '/';
  if (!isEnd && SKIPPED.has(name)) return { text: ' ', end: skipElement(html, name, end) };
  if (BLOCKS.has(name)) return { text: name === 'li' && !isEnd ? '\n- ' : '\n', end };
  if (CELLS.has(name)) return { text: ' ', end };
  if (name === 'a' && !isEnd) return { text: linkOf(html.slice(open, Math.min(end, open + TAG_CHARS_MAX))), end };
  return { text: '', end };
}

const TAG_NAME = /<[/!?]?([a-z][a-z0-9-]{0,40})/iy;
/** Longer start tags are not examined. */
const TAG_CHARS_MAX = 4_096;
const SKIPPED: ReadonlySet<string> = new Set(['script', 'style', 'noscript', 'template', 'svg', 'iframe', 'textarea']);
const CELLS: ReadonlySet<string> = new Set(['td', 'th', 'option', 'button']);
const BLOCKS: ReadonlySet<string> = new Set(
  (
    'address article aside blockquote body br dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 ' +
    'h5 h6 head header hr html li main nav ol p pre section summary table title tr ul'
  ).split(' '),
);

/** Shown before the text of the link. Relative and script targets are useless to a model that cannot click. */
function linkOf(tag: string): string {
  const target = /\shref\s*=\s*["']?(https?:\/\/[^\s"'<>]{1,500})/i.exec(tag)?.[1];
  return target === undefined ? '' : `[${target}] `;
}

/** The end of an element whose content is not text for readers; the end of the page when it is never closed. */
function skipElement(html: string, name: string, from: number): number {
  const close = new RegExp(`</${name}[\\s>/]`, 'gi');
  close.lastIndex = from;
  const found = close.exec(html);
  return found ? endAfter(html, '>', found.index) : html.length;
}

function endAfter(html: string, mark: string, from: number): number {
  const found = html.indexOf(mark, from);
  return found < 0 ? html.length : found + mark.length;
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['nbsp', ' '],
  ['ndash', '–'],
  ['mdash', '—'],
  ['hellip', '…'],
  ['lsquo', '‘'],
  ['rsquo', '’'],
  ['ldquo', '“'],
  ['rdquo', '”'],
  ['copy', '©'],
  ['euro', '€'],
]);

/** The entities that are common on real pages; any other is left unchanged. */
function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi, (whole, dec, hex, name) => {
    if (name !== undefined) return ENTITIES.get(String(name).toLowerCase()) ?? whole;
    const code = dec === undefined ? parseInt(String(hex), 16) : Number(dec);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** Leaves one space between words, and at most one blank line between blocks. */
function tidy(text: string): string {
  const lines = text.split('\n').map((line) => line.split(/\s+/).filter(Boolean).join(' '));
  const kept = lines.filter((line, i) => line !== '' || (i > 0 && lines[i - 1] !== ''));
  return kept.join('\n').trim();
}
