/** `text/html` of `Text/HTML; charset=utf-8`; empty when there is none. */
export function mediaTypeOf(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase().slice(0, 100);
}

/** Types whose content a model can read. */
export function isTextType(mediaType: string): boolean {
  if (mediaType.startsWith('text/') || mediaType.endsWith('+json') || mediaType.endsWith('+xml')) return true;
  return TEXT_TYPES.has(mediaType);
}

const TEXT_TYPES: ReadonlySet<string> = new Set([
  'application/json',
  'application/x-ndjson',
  'application/xml',
  'application/javascript',
  'application/x-javascript',
  'application/yaml',
  'application/x-yaml',
  'application/toml',
  'application/x-www-form-urlencoded',
]);

const SNIFFED_BYTES = 1_024;

/** For content without a type: a NUL near the start does not occur in readable text. */
export function looksBinary(body: Uint8Array): boolean {
  return body.subarray(0, SNIFFED_BYTES).includes(0);
}

/**
 * Decodes with the charset that the bytes or the answer name, in the order of the WHATWG encoding rules: a byte order
 * mark, the content type, the page's own `<meta>` or XML declaration. Without a known charset the text is UTF-8, or
 * windows-1252 when it cannot be UTF-8, as browsers assume.
 */
export function textOfBody(body: Uint8Array, contentType: string): string {
  const named = [markedCharset(body), headerCharset(contentType), declaredCharset(body, mediaTypeOf(contentType))];
  for (const label of named) {
    const decoder = label === undefined ? undefined : decoderOf(label);
    if (decoder) return decoder.decode(body);
  }
  try {
    // `stream`: the content may have been cut in the middle of a character.
    return new TextDecoder('utf-8', { fatal: true }).decode(body, { stream: true });
  } catch {
    return new TextDecoder('windows-1252').decode(body);
  }
}

/** Undefined when the label is unknown. */
function decoderOf(label: string): InstanceType<typeof TextDecoder> | undefined {
  try {
    return new TextDecoder(label);
  } catch {
    return undefined;
  }
}

function markedCharset(body: Uint8Array): string | undefined {
  const [a, b, c] = body;
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  return a === 0xfe && b === 0xff ? 'utf-16be' : undefined;
}

function headerCharset(contentType: string): string | undefined {
  return /;\s*charset\s*=\s*["']?([^\s"';]{1,40})/i.exec(contentType)?.[1];
}

/** As in the HTML standard: only the beginning of a page is searched. */
const PRESCANNED_BYTES = 1_024;

function declaredCharset(body: Uint8Array, mediaType: string): string | undefined {
  const start = Buffer.from(body.subarray(0, PRESCANNED_BYTES)).toString('latin1');
  const isMarkup = mediaType === '' || mediaType === 'text/html' || mediaType.endsWith('xml');
  if (!isMarkup) return undefined;
  const label =
    /^\s*<\?xml[^>]{0,200}\sencoding\s*=\s*["']([^"']{1,40})["']/i.exec(start)?.[1] ??
    /<meta\s[^>]{0,400}?charset\s*=\s*["']?\s*([^\s"'/>;]{1,40})/i.exec(start)?.[1];
  // A declaration that is readable as ASCII is not in UTF-16, whatever it says.
  return label !== undefined && /^utf-?16/i.test(label) ? 'utf-8' : label;
}
