import { GatewayError } from '#libs/contract';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { API_LIMITS } from '../words/api-limits.js';

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
const REQUEST_HEADERS = [
  'authorization',
  'content-type',
  'idempotency-key',
  'last-event-id',
  'x-session-id',
  'x-hermes-session-id',
  'x-session-busy',
  'x-on-disconnect',
  'x-max-cost',
  'x-session-max-cost',
  'session-id',
  'thread-id',
  'x-api-key',
  'x-request-id',
  'anthropic-version',
];
/** Headers that SDKs add to describe themselves and their retries: `x-stainless-*`, and more with every version. */
const SDK_HEADER = /^(?:x|anthropic|openai)-[a-z0-9-]{1,64}$/;
const EXPOSED_HEADERS =
  'x-run-id, x-session-id, x-hermes-session-id, x-left-out, x-left-out-tools, x-request-id, idempotency-replayed, ' +
  'retry-after, x-should-retry';

/** The result of the check of an origin: continue, or answer the preflight with 204 and nothing more. */
export type CorsOutcome = 'proceed' | 'preflight';

/**
 * CORS for browsers. `*` opens the API to every page, without credentials. Otherwise an origin must match an entry of
 * the list exactly, and the list is empty by default. A request from any other origin is refused outright: without the
 * headers the page could not read the answer, but a run would have been paid for.
 */
export class Cors {
  private readonly origins: ReadonlySet<string>;
  private readonly anyOrigin: boolean;

  private readonly exposedHeaders: string;

  /** @param exposed answer headers that pages may read, besides those of every protocol. */
  constructor(origins: readonly string[], exposed: readonly string[] = []) {
    this.exposedHeaders = [EXPOSED_HEADERS, ...exposed].join(', ');
    this.origins = new Set(origins);
    this.anyOrigin = this.origins.has('*');
  }

  /** Whether the page that sent this request may use the API. For requests that had no preflight. */
  isAllowed({ headers: { origin, host } }: IncomingMessage): boolean {
    return origin === undefined || this.anyOrigin || this.origins.has(origin) || isSameOrigin(origin, host);
  }

  /** Sets the CORS headers on the answer. Throws GatewayError `origin_not_allowed`. */
  check(request: IncomingMessage, response: ServerResponse): CorsOutcome {
    response.setHeader('vary', 'Origin');
    const { origin, host } = request.headers;
    if (origin === undefined) return 'proceed';
    if (!this.anyOrigin && !this.origins.has(origin)) {
      if (isSameOrigin(origin, host)) return 'proceed';
      throw new GatewayError('origin_not_allowed', 'This origin may not use the API.');
    }
    response.setHeader('access-control-allow-origin', this.anyOrigin ? '*' : origin);
    response.setHeader('access-control-expose-headers', this.exposedHeaders);
    const isPreflight = request.method === 'OPTIONS' && 'access-control-request-method' in request.headers;
    if (!isPreflight) return 'proceed';
    response.setHeader('access-control-allow-methods', METHODS);
    response.setHeader('access-control-allow-headers', allowedHeaders(request).join(', '));
    response.setHeader('access-control-max-age', String(API_LIMITS.corsPreflightSeconds));
    return 'preflight';
  }
}

/** Our request headers, and those requested by the page that SDKs add. */
function allowedHeaders({ headers }: IncomingMessage): readonly string[] {
  const wanted = headers['access-control-request-headers'] ?? '';
  const names = wanted.toLowerCase().split(',', API_LIMITS.corsRequestHeadersMax);
  const added = names.map((name) => name.trim()).filter((name) => SDK_HEADER.test(name));
  return [...new Set([...REQUEST_HEADERS, ...added])];
}

/** Our own pages. The scheme is not compared, because a proxy may have ended TLS. */
function isSameOrigin(origin: string, host: string | undefined): boolean {
  const at = origin.indexOf('://');
  return host !== undefined && at > 0 && origin.slice(at + 3) === host.toLowerCase();
}
