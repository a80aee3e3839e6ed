import { causeText, traceparentNow } from '#libs/contract';
import type { FetchLike } from '@modelcontextprotocol/client';
import { MCP_LIMITS } from '../mcp-settings.js';
import { Unreachable } from './unreachable.js';

export interface FetchBounds {
  /**
   * Time limit of a POST and its whole answer: the client library forgets a call that was given up, but keeps its
   * socket.
   */
  readonly postMs: number;
  /** Sees every answer before its body is read. */
  readonly onAnswer?: (answer: Response) => void;
}

/**
 * `fetch` with a limit on the unpacked size of one answer. At the limit an unsuccessful answer ends, and any other
 * answer fails. A stream of notifications lasts as long as the connection, so its limit is on one event. Rejects with
 * Unreachable, whose message has the system's reason, when there is no answer.
 */
export function boundedFetch({ postMs, onAnswer }: FetchBounds): FetchLike {
  return async (url, init) => {
    const headers = new Headers(init?.headers);
    const isStream = init?.method === 'GET' || headers.get('mcp-method') === 'subscriptions/listen';
    const late = isStream ? undefined : AbortSignal.timeout(postMs);
    const signal = AbortSignal.any([init?.signal, late].flatMap((given) => given ?? []));
    // A few packed bytes can become millions. A server that packs all the same has the same limits.
    headers.set('accept-encoding', 'identity');
    const traceparent = traceparentNow();
    if (traceparent !== undefined) headers.set('traceparent', traceparent);
    const response = await fetch(url, { ...init, headers, signal }).catch((cause: Error) => {
      throw new Unreachable(causeText(cause), { cause });
    });
    onAnswer?.(response);
    if (!response.body) return response;
    const { status, statusText } = response;
    const body = response.ok ? untilLate(whole(response.body, isStream), late) : beginning(response.body);
    return new Response(ReadableStream.from(body), { status, statusText, headers: response.headers });
  };
}

type Chunks = AsyncIterable<Uint8Array>;

/**
 * Nothing waits for a late answer. It ends silently, because the library requests a new stream when one fails or ends.
 */
async function* untilLate(body: Chunks, late: AbortSignal | undefined): Chunks {
  try {
    yield* body;
  } catch (cause) {
    if (late?.aborted) await new Promise(() => undefined);
    throw cause;
  }
}

async function* whole(body: Chunks, areEvents: boolean): Chunks {
  const bytesMax = MCP_LIMITS.messageBytesMax;
  const bytes = new EventBytes();
  let total = 0;
  for await (const chunk of body) {
    total += chunk.byteLength;
    if ((areEvents ? bytes.add(chunk) : total) > bytesMax)
      throw new Error(`the answer is longer than ${bytesMax} bytes`);
    yield chunk;
  }
}

async function* beginning(body: Chunks): Chunks {
  let left: number = MCP_LIMITS.errorBytesMax;
  for await (const chunk of body) {
    yield chunk.subarray(0, left);
    left -= chunk.byteLength;
    if (left <= 0) return;
  }
}

const LF = 0x0a;
const CR = 0x0d;

/**
 * The bytes of an event stream since its last event, which ends with an empty line. CR belongs to the end of a line.
 */
class EventBytes {
  private bytes = 0;
  private isLineEmpty = true;

  /** The count after this chunk. */
  add(chunk: Uint8Array): number {
    for (const byte of chunk) {
      if (byte === CR) continue;
      this.bytes = byte === LF && this.isLineEmpty ? 0 : this.bytes + 1;
      this.isLineEmpty = byte === LF;
    }
    return this.bytes;
  }
}
