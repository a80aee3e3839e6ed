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

/** For content without a type: a NUL near the start is in no text that is worth reading. */
export function looksBinary(body: Uint8Array): boolean {
  return body.subarray(0, SNIFFED_BYTES).includes(0);
}

/** Decodes with the charset that the content type names; UTF-8 when it names none or one that nobody knows. */
export function decodeText(body: Uint8Array, contentType: string): string {
  const label = /;\s*charset\s*=\s*"?([^\s";]{1,40})/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(label).decode(body);
  } catch {
    // A RangeError for the label: decoding itself never throws, it puts U+FFFD where it must.
    return new TextDecoder().decode(body);
  }
}
