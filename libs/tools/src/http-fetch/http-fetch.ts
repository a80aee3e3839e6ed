import type { JsonObject, Tool, ToolResult } from '#libs/contract';
import { FETCH_LIMITS, guardedFetch, type FetchedResponse, type Guard } from '#libs/guarded-fetch';
import { textOfBody, isTextType, looksBinary, mediaTypeOf } from './decode-text.js';
import { readableText } from './readable-text.js';
import { unpackBody } from './unpack-body.js';

const CHARS_DEFAULT = 20_000;
const CHARS_MAX = 100_000;
/**
 * Only the beginning of a longer page is reduced, because that happens on the event loop of a worker with other runs.
 */
const HTML_CHARS_MAX = 500_000;

/** `http_fetch`: reads a page or an API of the public internet. The guard decides what it may reach. */
export function httpFetch(guard: Guard): Tool {
  return {
    name: 'http_fetch',
    description:
      'Fetches a public http(s) URL and gives the status and the text of the answer. HTML is reduced to its text. ' +
      'Cannot send data, log in, or reach private networks.',
    parameters: {
      type: 'object',
      properties: {
        url: { type: 'string', description: 'Absolute http or https URL.' },
        method: { type: 'string', enum: ['GET', 'HEAD'], description: 'Default: GET.' },
        max_chars: {
          type: 'integer',
          minimum: 1,
          maximum: CHARS_MAX,
          description: `Longest text to give. Default: ${CHARS_DEFAULT}.`,
        },
      },
      required: ['url'],
      additionalProperties: false,
    },
    // GET and HEAD are safe methods (RFC 9110 9.2.1).
    idempotent: true,
    approval: 'never',
    async execute(args, { signal, owner }) {
      const order = parseArguments(args);
      if (typeof order === 'string') return { output: order, isError: true };
      const outcome = await guardedFetch({ ...order, signal, group: owner }, guard);
      if (outcome.kind === 'response') return order.method === 'HEAD' ? head(outcome) : page(outcome, order.charsMax);
      const what = outcome.kind === 'refused' ? 'The URL is refused' : 'The fetch failed';
      return { output: `${what}: ${outcome.why}.`, isError: true };
    },
  };
}

interface Order {
  readonly url: string;
  readonly method: 'GET' | 'HEAD';
  readonly charsMax: number;
}

/** The parsed arguments, or a sentence that says what is wrong with them. */
function parseArguments(args: JsonObject): Order | string {
  const url = args['url'];
  const charsMax = args['max_chars'] ?? CHARS_DEFAULT;
  const method = args['method'] ?? 'GET';
  if (typeof url !== 'string') return 'The url must be a string.';
  if (method !== 'GET' && method !== 'HEAD') return 'The method must be GET or HEAD.';
  if (typeof charsMax !== 'number' || !Number.isInteger(charsMax) || charsMax < 1 || charsMax > CHARS_MAX) {
    return `The max_chars must be an integer from 1 to ${CHARS_MAX}.`;
  }
  return { url, method, charsMax };
}

const HEADERS_SHOWN = ['content-type', 'content-length', 'content-language', 'last-modified', 'etag', 'retry-after'];
const HEADER_CHARS_MAX = 500;

function head(response: FetchedResponse): ToolResult {
  const lines = HEADERS_SHOWN.flatMap((name) => {
    const value = response.headers.get(name);
    return value === undefined ? [] : [`${name}: ${value.slice(0, HEADER_CHARS_MAX)}`];
  });
  return { output: [firstLine(response), ...lines].join('\n'), isError: isFailure(response) };
}

async function page(response: FetchedResponse, charsMax: number): Promise<ToolResult> {
  const contentType = response.headers.get('content-type') ?? '';
  const mediaType = mediaTypeOf(contentType);
  const unpacked = await unpackBody(response.body, response.headers.get('content-encoding') ?? '');
  const isText = unpacked && (mediaType === '' ? !looksBinary(unpacked.body) : isTextType(mediaType));
  if (!isText) return notText(response, mediaType || 'unknown');
  const raw = textOfBody(unpacked.body, contentType);
  const isHtml = mediaType === 'text/html' || mediaType === 'application/xhtml+xml';
  const text = isHtml ? readableText(raw.slice(0, HTML_CHARS_MAX)) : raw;
  const lines = [firstLine(response), '', text.slice(0, charsMax)];
  if (text.length > charsMax) lines.push(`[Text cut: ${text.length - charsMax} more characters were left out.]`);
  if (isHtml && raw.length > HTML_CHARS_MAX) {
    lines.push(`[Only the first ${HTML_CHARS_MAX} characters of the page were read.]`);
  } else if (response.isCut || unpacked.isCut) {
    lines.push(`[Only the first ${FETCH_LIMITS.bodyBytesMax} bytes of the content were read.]`);
  }
  return { output: lines.join('\n'), isError: isFailure(response) };
}

function notText(response: FetchedResponse, mediaType: string): ToolResult {
  const encoding = response.headers.get('content-encoding') ?? 'identity';
  const type = encoding === 'identity' ? mediaType : `${mediaType}, ${encoding.slice(0, 40)}-compressed`;
  const size = response.isCut ? `more than ${FETCH_LIMITS.bodyBytesMax}` : response.body.length;
  return { output: `${firstLine(response)}\nThe content is not text: type ${type}, ${size} bytes.`, isError: true };
}

function firstLine({ status, url, headers }: FetchedResponse): string {
  return `${status} ${url} ${mediaTypeOf(headers.get('content-type') ?? '')}`.trimEnd();
}

function isFailure({ status }: FetchedResponse): boolean {
  return status >= 400;
}
