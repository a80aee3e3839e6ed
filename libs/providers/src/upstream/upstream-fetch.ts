import type { Readable } from 'node:stream';
import { Agent, request, type Dispatcher } from 'undici';
import { UPSTREAM_LIMITS } from './limits.js';
import type { UpstreamSettings } from './settings.js';

export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/**
 * A good answer of an upstream whose body is still to be read, as a Node stream. Its web `body` is empty.
 *
 * Measured: 50 concurrent unpaced streams of 64 tokens, CPU of the reading process per 1,000 tokens, three runs each.
 *   SDK's own stream over undici's fetch              26 to 28 ms
 *   undici's fetch, reader and eventsource-parser     19 to 20 ms
 *   undici's request, for await, eventsource-parser   10 to 14 ms    <- this
 *   undici's request, 'data' listener                 11 to 13 ms
 *   undici's dispatch with an own handler             10.5 to 12 ms
 * The whole provider, translation and checks included, needs 12.5 to 14 ms (35,000 to 65,000 tokens/s on a shared core).
 * Paced (100 streams, 20 ms between tokens, so one read per token): 65, 44, 26 to 28, 28 to 30, 25 to 29 ms.
 */
export class UpstreamResponse extends Response {
  constructor(
    readonly source: Readable,
    init: ResponseInit,
  ) {
    super(null, init);
  }
}

/** The request failed before there was an answer. Not `cause`: the SDKs look for words in the texts of causes. */
export class TransportError extends Error {
  constructor(readonly reason: unknown) {
    super('The request got no answer.');
  }
}

/**
 * What the SDKs use as `fetch`: undici's `request` behind the face of fetch, with an own pool of sockets. Answers other
 * than 2xx are read here (at most errorBodyBytesMax), so that the SDK finds their text. Redirects are not followed.
 * Aborting `init.signal` closes the socket, whether or not the body is being read.
 */
export function upstreamFetch({ firstByteTimeoutMs, idleTimeoutMs }: UpstreamSettings): Fetch {
  const dispatcher = new Agent({
    allowH2: false,
    connections: UPSTREAM_LIMITS.connectionsMax,
    connect: { timeout: UPSTREAM_LIMITS.connectTimeoutMs },
    keepAliveTimeout: UPSTREAM_LIMITS.keepAliveMs,
    headersTimeout: firstByteTimeoutMs,
    bodyTimeout: idleTimeoutMs,
  });
  return async (input, init = {}) => {
    const answer = await send(String(input), init, dispatcher);
    const { statusCode, body } = answer;
    // An abort after the answer began destroys the body with an error, also while nobody reads it: without a listener
    // that would end the process. Whoever reads the body gets the same error from the read.
    body.on('error', () => undefined);
    if (statusCode > 599) {
      body.destroy();
      throw new TransportError(new Error(`status ${statusCode}`));
    }
    const head = { status: statusCode, headers: headersOf(answer.headers) };
    if (statusCode < 300) return new UpstreamResponse(body, head);
    const text = await readStart(body);
    return new Response(text === '' ? null : text, head);
  };
}

async function send(url: string, init: RequestInit, dispatcher: Dispatcher): Promise<Dispatcher.ResponseData> {
  try {
    return await request(url, {
      method: init.method === 'GET' ? 'GET' : 'POST',
      // Without the header a server may compress as it likes (RFC 9110, 12.5.3); `request` does not decompress.
      headers: { ...Object.fromEntries(new Headers(init.headers)), 'accept-encoding': 'identity' },
      body: typeof init.body === 'string' ? init.body : null,
      signal: init.signal ?? null,
      dispatcher,
    });
  } catch (error) {
    throw new TransportError(error);
  }
}

function headersOf(raw: Dispatcher.ResponseData['headers']): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return headers;
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
