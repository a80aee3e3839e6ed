import { traceparentNow, type UpstreamSettings } from '#libs/contract';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, type Dispatcher } from 'undici';
import type { AnswerBody } from './answers/answer-body.js';
import { AnswerRefused, TransportError } from './call-errors.js';
import { UpstreamExchange } from './exchange.js';
import { UPSTREAM_LIMITS } from './limits.js';
import { readBytes } from './answers/read-body.js';

/**
 * Requests to one upstream, over its own pool of sockets. Both reject with AnswerRefused or TransportError. Redirects
 * are not followed. Aborting `signal` closes the socket, whether or not the body is being read.
 */
export interface UpstreamHttp {
  /** @param body sent as JSON. @param more headers of this request alone. */
  post(path: string, body: unknown, signal: AbortSignal, more?: Readonly<Record<string, string>>): Promise<AnswerBody>;
  get(path: string, signal: AbortSignal): Promise<AnswerBody>;
}

/**
 * HTTP on undici's dispatcher, with constant headers and pushed bodies. The vendors' SDKs cost a run more than the
 * whole agent loop, and each awaiting layer between socket and translator costs time for every token (docs/adr/0020).
 *
 * @param baseUrl comes before the paths, without a slash at its end.
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
    // `send` has its own timer, which counts from the request and not from a free socket.
    headersTimeout: 0,
    bodyTimeout: idleTimeoutMs,
  });
  const every = {
    ...headers,
    accept: 'application/json, text/event-stream',
    // Without this header a server may compress (RFC 9110, 12.5.3), and the dispatcher does not decompress.
    'accept-encoding': 'identity',
    'user-agent': 'Talaria',
  };
  const withBody = { ...every, 'content-type': 'application/json' };
  const { origin, pathname } = new URL(baseUrl);
  const before = pathname.replace(/\/+$/, '');
  const order = { dispatcher, firstByteTimeoutMs };
  return {
    post: (path, body, signal, more) => {
      const traced = traceparentNow();
      const own = traced === undefined ? withBody : { ...withBody, traceparent: traced };
      const headers = more ? { ...own, ...more } : own;
      const request = { origin, path: before + path, method: 'POST', headers, body: JSON.stringify(body) } as const;
      return send(request, { ...order, signal });
    },
    get: (path, signal) => send({ origin, path: before + path, method: 'GET', headers: every }, { ...order, signal }),
  };
}

interface Order {
  readonly signal: AbortSignal;
  readonly dispatcher: Dispatcher;
  readonly firstByteTimeoutMs: number;
}

/** Reasons are created once, because the exception that an abort creates otherwise costs a tenth of a millisecond. */
const TIMED_OUT = new Error('no answer in time');
export const CLOSED = new Error('the call is over');

async function send(
  request: Dispatcher.DispatchOptions,
  { signal, dispatcher, firstByteTimeoutMs }: Order,
): Promise<AnswerBody> {
  signal.throwIfAborted();
  const exchange = new UpstreamExchange();
  const close = (): void => exchange.abort(CLOSED);
  signal.addEventListener('abort', close, { once: true });
  const timer = setTimeout(() => exchange.abort(TIMED_OUT), firstByteTimeoutMs);
  try {
    dispatcher.dispatch(request, exchange);
    const { status, headers, body } = await exchange.answer;
    if (status >= 200 && status < 300) return body;
    const start = await readBytes(body, UPSTREAM_LIMITS.errorBodyBytesMax);
    throw new AnswerRefused(status, headersOf(headers), jsonOrText(start.toString()));
  } catch (error) {
    signal.removeEventListener('abort', close);
    if (error instanceof AnswerRefused) throw error;
    throw new TransportError(error === TIMED_OUT ? 'timeout' : 'unreachable', error);
  } finally {
    clearTimeout(timer);
  }
}

function headersOf(raw: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return headers;
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
