import { GatewayError, LIMITS } from '#libs/contract';
import { isUtf8 } from 'node:buffer';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * The value of a JSON body; undefined for an empty one. Throws GatewayError `invalid_json` for invalid UTF-8 (never
 * replaced by U+FFFD), for a key `__proto__`, for text that is not JSON, and for nesting beyond LIMITS.jsonDepthMax.
 * The depth is checked before anything is built: JSON.parse accepts a million levels, JSON.stringify breaks at five
 * thousand.
 */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  if (!isUtf8(body)) throw invalid('The body is not valid UTF-8.');
  assertDepth(body);
  return refuseProto(body.toString('utf8'));
}

function assertDepth(body: Buffer): void {
  let depth = 0;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i] as number;
    if (byte === QUOTE) i = endOfString(body, i);
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth--;
    else if ((byte === OPEN_ARRAY || byte === OPEN_OBJECT) && ++depth > LIMITS.jsonDepthMax) {
      throw invalid(`The body is nested deeper than ${LIMITS.jsonDepthMax} levels.`);
    }
  }
}

/** The index of the quote that ends the string beginning at `start`, or of the last byte. */
function endOfString(body: Buffer, start: number): number {
  let end = body.indexOf(QUOTE, start + 1);
  while (end > 0 && isEscaped(body, end)) end = body.indexOf(QUOTE, end + 1);
  return end < 0 ? body.length : end;
}

function isEscaped(body: Buffer, at: number): boolean {
  let backslashes = 0;
  while (body[at - 1 - backslashes] === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

function refuseProto(text: string): unknown {
  // An escape can hide the key; every object is then examined. Nearly all texts are plain and only parsed.
  const mayHoldProto = text.includes('__proto__') || /\\u005f|\\u00[67]/i.test(text);
  const value = parse(text);
  if (mayHoldProto && holdsProto(value)) throw invalid('The key "__proto__" is not accepted.');
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid('The body is not valid JSON.', cause);
  }
}

/** Not a reviver: it would be called for every value, which makes JSON.parse ten times as slow. */
function holdsProto(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(holdsProto);
  if (Object.hasOwn(value, '__proto__')) return true;
  for (const key in value) if (holdsProto((value as Record<string, unknown>)[key])) return true;
  return false;
}

const invalid = (message: string, cause?: unknown): GatewayError =>
  new GatewayError('invalid_json', message, { cause });
