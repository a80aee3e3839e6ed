import { GatewayError, LIMITS, type ContentPart, type ErrorCode } from '#libs/contract';

/** A file as a request has it, whatever the protocol. */
export interface SentFile {
  /** A base64 data URL, or base64 alone. */
  readonly data: string;
  readonly mediaType?: string;
  readonly name?: string;
  /** Of the part, for the error's text. */
  readonly path: string;
  /** The `param` of errors. */
  readonly param: string;
}

/** PDF readers look for it within this length. */
const HEADER_BYTES = 1_024;
const DATA_URL = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w.+-]+=[^;,]*)*;base64,/i;
/** No two of its parts match the same character, so that it takes one pass over any text. */
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const TEXT_TYPE =
  /^(text\/[\w.+-]+|application\/(json|x-ndjson|xml|yaml|x-yaml|toml|javascript|x-sh|sql|[\w.-]+\+(json|xml)))$/i;
const TEXT_NAME =
  /\.(txt|md|markdown|csv|tsv|json|jsonl|ndjson|xml|ya?ml|toml|html?|css|js|ts|py|rb|go|rs|java|c|h|cpp|sh|sql|log)$/i;

/**
 * A file as a part of a message: a file of text as text under its name, a PDF as a file. Throws GatewayError of status
 * 400: `invalid_content_part` for data that is not base64, not UTF-8, or no PDF; `unsupported_content_type` for other
 * kinds of files; `string_above_max_length` above LIMITS.fileBytesMax.
 */
export function filePart(sent: SentFile): ContentPart {
  const { name } = sent;
  if (name !== undefined && name.length > LIMITS.fileNameCharsMax) {
    throw wrong(sent, 'string_above_max_length', `has a name of more than ${LIMITS.fileNameCharsMax} characters.`);
  }
  const head = DATA_URL.exec(sent.data);
  if (!head && /^data:/i.test(sent.data)) throw wrong(sent, 'invalid_content_part', 'must be a base64 data URL.');
  const base64 = head ? sent.data.slice(head[0].length) : sent.data;
  const bytes = bytesOf(sent, base64);
  const mediaType = (sent.mediaType ?? head?.[1] ?? '').toLowerCase();
  const isPdf = mediaType === 'application/pdf' || (!isText(mediaType, name) && hasHeader(bytes));
  if (isPdf) return pdfPart(sent, bytes);
  if (isText(mediaType, name)) return { type: 'text', text: `${fileHead(name)}\n${textOf(sent, bytes)}` };
  throw wrong(sent, 'unsupported_content_type', 'has a type that cannot be read: only PDF and text are supported.');
}

/** The line over the text of a file. */
export const fileHead = (name?: string): string => (name ? `File "${name.replaceAll(/["\r\n]/g, ' ')}":` : 'File:');

function pdfPart(sent: SentFile, bytes: Buffer): ContentPart {
  if (!hasHeader(bytes)) throw wrong(sent, 'invalid_content_part', 'is not a PDF.');
  const url = `data:application/pdf;base64,${bytes.toString('base64')}`;
  return { type: 'file', url, ...(sent.name ? { name: sent.name } : {}), at: sent.param };
}

const isText = (mediaType: string, name = ''): boolean =>
  TEXT_TYPE.test(mediaType) || ((mediaType === '' || mediaType === 'application/octet-stream') && TEXT_NAME.test(name));

const hasHeader = (bytes: Buffer): boolean => bytes.subarray(0, HEADER_BYTES).includes('%PDF-');

function bytesOf(sent: SentFile, base64: string): Buffer {
  // Some encoders break lines.
  const digits = base64.replaceAll(/\s+/g, '');
  if (!BASE64.test(digits)) throw wrong(sent, 'invalid_content_part', 'must have data in base64.');
  const bytes = Buffer.from(digits, 'base64');
  if (bytes.length <= LIMITS.fileBytesMax) return bytes;
  throw wrong(sent, 'string_above_max_length', `has more than ${LIMITS.fileBytesMax} bytes.`);
}

function textOf(sent: SentFile, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw wrong(sent, 'invalid_content_part', 'is not text in UTF-8.', cause);
  }
}

function wrong({ path, param }: SentFile, code: ErrorCode, problem: string, cause?: unknown): GatewayError {
  return new GatewayError(code, `'${path}' ${problem}`, { param, cause });
}
