import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { Agent, request, type Dispatcher } from 'undici';
import { UPSTREAM_LIMITS } from './limits.js';
import type { UpstreamSettings } from './settings.js';

/** A good answer whose body is still to be read. */
export interface UpstreamAnswer {
  /** In lower case; empty when the upstream does not say. */
  readonly contentType: string;
  readonly body: Readable;
}

/** An answer other than 2xx. `error` is the `error` member of its body, if it has one. */
export class AnswerRefused extends Error {
  constructor(
    readonly status: number,
    readonly headers: Headers,
    readonly error: unknown,
  ) {
    super(`The upstream answered ${status}.`);
  }
}

/** The request failed before there was an answer. */
export class TransportError extends Error {
  constructor(
    readonly kind: 'timeout' | 'unreachable',
    cause: unknown,
  ) {
    super('The request got no answer.', { cause });
  }
}

/**
 * Requests to one upstream, over an own pool of sockets. Both reject with AnswerRefused or TransportError. Redirects are not
 * followed. Aborting `signal` closes the socket, whether or not the body is being read.
 */
export interface UpstreamHttp {
  /** @param body sent as JSON. */
  post(path: string, body: unknown, signal: AbortSignal): Promise<UpstreamAnswer>;
  get(path: string, signal: AbortSignal): Promise<UpstreamAnswer>;
}

/**
 * HTTP on undici's `request` with constant headers: the vendors' SDKs cost a run more than all of the agent loop
 * (docs/adr/0020).
 *
 * Measured: 50 concurrent unpaced streams of 64 tokens, CPU of the reading process per 1,000 tokens, three runs each.
 *   SDK's own stream over undici's fetch              26 to 28 ms
 *   undici's fetch, reader and eventsource-parser     19 to 20 ms
 *   undici's request, for await, eventsource-parser   10 to 14 ms    <- this
 *   undici's request, 'data' listener                 11 to 13 ms
 *   undici's dispatch with an own handler             10.5 to 12 ms
 * The whole provider, translation and checks included, needs 12.5 to 14 ms (35,000 to 65,000 tokens/s on a shared core).
 * Paced (100 streams, 20 ms between tokens, so one read per token): 65, 44, 26 to 28, 28 to 30, 25 to 29 ms.
 *
 * @param baseUrl what stands before the paths, without a slash at its end.
 * @param headers of every request, with the credentials.
 */
export function upstreamHttp(
  { firstByteTimeoutMs, idleTimeoutMs }: UpstreamSettings,
  { baseUrl, headers }: { readonly baseUrl: string; readonly headers: Readonly<Record<string, string>> },
): UpstreamHttp {
  const dispatcher = new Agent({
    allowH2: false,
    connections: UPSTREAM_LIMITS.connectionsMax,
    connect: { timeout: UPSTREAM_LIMITS.connectTimeoutMs },
    keepAliveTimeout: UPSTREAM_LIMITS.keepAliveMs,
    // `send` has a timer of its own, which counts from the request and not from a free socket.
    headersTimeout: 0,
    bodyTimeout: idleTimeoutMs,
  });
  const every = {
    ...headers,
    accept: 'application/json, text/event-stream',
    // Without it a server may compress as it likes (RFC 9110, 12.5.3); `request` does not decompress.
    'accept-encoding': 'identity',
    'user-agent': 'Talaria',
  };
  const withBody = { ...every, 'content-type': 'application/json' };
  const order = { dispatcher, firstByteTimeoutMs };
  return {
    post: (path, body, signal) =>
      send(`${baseUrl}${path}`, { ...order, method: 'POST', headers: withBody, body: JSON.stringify(body), signal }),
    get: (path, signal) => send(`${baseUrl}${path}`, { ...order, method: 'GET', headers: every, signal }),
  };
}

interface Order {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  readonly dispatcher: Dispatcher;
  readonly firstByteTimeoutMs: number;
}

/** Reasons made once: the exception that an abort makes otherwise costs a tenth of a millisecond. */
const TIMED_OUT = new Error('no answer in time');
export const CLOSED = new Error('the call is over');

async function send(url: string, { signal, firstByteTimeoutMs, ...order }: Order): Promise<UpstreamAnswer> {
  signal.throwIfAborted();
  const socket = new AbortController();
  const close = (): void => socket.abort(CLOSED);
  signal.addEventListener('abort', close, { once: true });
  const timer = setTimeout(() => socket.abort(TIMED_OUT), firstByteTimeoutMs);
  try {
    const { statusCode, headers, body } = await request(url, { ...order, signal: socket.signal });
    // An abort after the answer began destroys the body with an error, also while nobody reads it: without a listener
    // that would end the process. Whoever reads the body gets the same error from the read.
    body.on('error', () => undefined);
    if (statusCode >= 200 && statusCode < 300) return { contentType: contentTypeOf(headers), body };
    throw new AnswerRefused(statusCode, headersOf(headers), errorOf(await readStart(body)));
  } catch (error) {
    signal.removeEventListener('abort', close);
    if (error instanceof AnswerRefused) throw error;
    throw new TransportError(error === TIMED_OUT ? 'timeout' : 'unreachable', error);
  } finally {
    clearTimeout(timer);
  }
}

function contentTypeOf({ 'content-type': type }: IncomingHttpHeaders): string {
  return String(type ?? '').toLowerCase();
}

function headersOf(raw: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return headers;
}

/** Both vendors put what they say of an error into the member `error`. */
function errorOf(text: string): unknown {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined;
  } catch {
    return undefined;
  }
}

/** The beginning of an error's body. A body that breaks off is as good as its beginning: the status has said it. */
async function readStart(body: Readable): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      parts.push(chunk);
      bytes += chunk.length;
      if (bytes >= UPSTREAM_LIMITS.errorBodyBytesMax) break;
    }
  } catch {
    return Buffer.concat(parts).toString();
  }
  return Buffer.concat(parts).toString();
}
