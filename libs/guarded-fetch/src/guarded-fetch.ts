import type { LookupFunction } from 'node:net';
import { Agent, request, type Dispatcher } from 'undici';
import { parseAllowedHosts, type AllowedHosts } from './address-policy.js';
import { checkTarget, type HostAddress, type Resolve, type Target } from './check-target.js';
import { withDeadline } from './with-deadline.js';

export { isRefusedHost, type NameQuestion, type Resolve } from './check-target.js';

/** Limits of one fetch, redirects included. */
export const FETCH_LIMITS = {
  redirectsMax: 3,
  bodyBytesMax: 2_000_000,
  secondsMax: 10,
} as const;

/** What may be reached, and how names are resolved. */
export interface Guard {
  readonly allowed: AllowedHosts;
  readonly resolve: Resolve;
  readonly timeoutMs: number;
}

/** Throws an Error that names a malformed entry of `allowedHosts`: see `parseAllowedHosts`. */
export function openGuard(settings: {
  allowedHosts: readonly string[];
  resolve: Resolve;
  /** Default FETCH_LIMITS.secondsMax. */
  timeoutMs?: number;
}): Guard {
  const { allowedHosts, resolve, timeoutMs = FETCH_LIMITS.secondsMax * 1_000 } = settings;
  return { allowed: parseAllowedHosts(allowedHosts), resolve, timeoutMs };
}

export interface FetchRequest {
  readonly url: string;
  /** A POST is sent once, to the URL itself: its redirects are returned, not followed. */
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly signal: AbortSignal;
  /** All members of a group share a bound of simultaneous name lookups. */
  readonly group?: string;
  /** Replace the usual headers of the same name. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** `why` is a sentence without its full stop, for the caller. It never reveals which address a name has. */
export type FetchOutcome =
  | FetchedResponse
  /** The guard refused the request. */
  | { readonly kind: 'refused'; readonly why: string }
  /** The guard allowed the request, and it failed. */
  | { readonly kind: 'failed'; readonly why: string };

export interface FetchedResponse {
  readonly kind: 'response';
  /** The URL after all redirects. */
  readonly url: string;
  readonly status: number;
  /** Names in lower case; of a repeated header the first value. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  /** The body was longer than FETCH_LIMITS.bodyBytesMax; `body` is its beginning. */
  readonly isCut: boolean;
}

/**
 * Fetches a URL that somebody else chose. Every hop is checked by `checkTarget` and connected only to the checked
 * addresses. Redirects are followed by hand; no cookies, no credentials, no proxy, no kept connections. Rejects only
 * with the signal's reason.
 */
export async function guardedFetch(order: FetchRequest, guard: Guard): Promise<FetchOutcome> {
  const deadline = withDeadline(order.signal, guard.timeoutMs);
  try {
    return await followRedirects({ ...order, signal: deadline.signal }, guard);
  } catch (error) {
    order.signal.throwIfAborted();
    if (deadline.isOver())
      return { kind: 'failed', why: `there was no whole answer within ${guard.timeoutMs / 1_000} s` };
    return { kind: 'failed', why: `the connection failed (${codeOf(error)})` };
  } finally {
    deadline.clear();
  }
}

async function followRedirects(order: FetchRequest, guard: Guard): Promise<FetchOutcome> {
  const { signal, group } = order;
  const asking = { ...guard, question: { signal, ...(group !== undefined && { group }) } };
  let target = await abortable(checkTarget(order.url, asking), signal);
  for (let redirects = 0; target.kind === 'allowed'; redirects++) {
    const answer = await fetchOnce(target, order);
    const isFollowed = order.method !== 'POST' && REDIRECTS.has(answer.status);
    const location = isFollowed ? answer.headers.get('location') : undefined;
    if (location === undefined) return answer;
    if (redirects === FETCH_LIMITS.redirectsMax) {
      return { kind: 'failed', why: `there were more than ${FETCH_LIMITS.redirectsMax} redirects` };
    }
    target = await abortable(checkTarget(location, asking, target.url), signal);
    if (target.kind === 'refused') return { kind: 'refused', why: `it redirects, and ${target.why}` };
  }
  return target;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

async function fetchOnce(
  { url, addresses }: Target & { kind: 'allowed' },
  { method, signal, headers, body: content }: FetchRequest,
): Promise<FetchedResponse> {
  // Each hop has its own agent, because a kept connection would lead to an address that was checked for another name.
  const agent = new Agent({ connections: 1, pipelining: 0, connect: { lookup: pinnedTo(addresses) } });
  try {
    const answer = await request(url, {
      method,
      signal,
      dispatcher: agent,
      headers: { ...REQUEST_HEADERS, ...headers },
      ...(content !== undefined && { body: content }),
    });
    const { body, isCut } = await readBody(answer.body);
    return { kind: 'response', url: url.href, status: answer.statusCode, headers: headersOf(answer), body, isCut };
  } finally {
    await agent.destroy();
  }
}

const REQUEST_HEADERS = {
  'user-agent': 'Talaria-Fetch/1.0',
  accept: 'text/html, text/*;q=0.9, application/json;q=0.9, */*;q=0.5',
  // Nothing is unpacked, so that a small answer cannot become a large one.
  'accept-encoding': 'identity',
};

/**
 * Answers every lookup of the socket with the checked addresses. Literals are not looked up: they were checked as such.
 */
function pinnedTo(addresses: readonly HostAddress[]): LookupFunction {
  return (_hostname, options, callback) => {
    const [first] = addresses;
    if (options.all) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family);
  };
}

async function readBody(body: AsyncIterable<Uint8Array>): Promise<{ body: Uint8Array; isCut: boolean }> {
  const chunks: Uint8Array[] = [];
  let room: number = FETCH_LIMITS.bodyBytesMax;
  for await (const chunk of body) {
    chunks.push(chunk.subarray(0, room));
    // Leaving the loop destroys the stream, and with it the connection.
    if (chunk.length > room) return { body: Buffer.concat(chunks), isCut: true };
    room -= chunk.length;
  }
  return { body: Buffer.concat(chunks), isCut: false };
}

function headersOf({ headers }: Dispatcher.ResponseData): Map<string, string> {
  const entries = Object.entries(headers).map(
    ([name, value]) => [name.toLowerCase(), [value].flat()[0] ?? ''] as const,
  );
  return new Map(entries);
}

/** Stops waiting when the signal aborts; for work that cannot be aborted itself, such as a DNS lookup. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'unknown error';
}
