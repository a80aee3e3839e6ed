import { GatewayError } from '#libs/contract';
import { assertOneHost, assertPlainBody, unknownHost, type Drain } from '#libs/platform';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import type { ServerResponse } from 'node:http';
import type { HostCheck } from './auth/allowed-hosts.js';
import type { FailedLogins } from './auth/failed-logins.js';
import { type KeyRing, wrongKey } from './auth/key-ring.js';
import type { Operators } from './auth/operators.js';
import type { Cors } from './cors.js';
import type { ErrorReplies } from './error-reply.js';
import { sendError } from './error.filter.js';
import { parseJson } from './parse-json.js';
import type { ProtocolHeaders } from './protocol-headers.js';
import { receiveBody } from '../receiving/receive-body.js';
import type { ReceivingBudget } from '../receiving/receiving-budget.js';
import { pathOf } from '../words/request-path.js';
import type { WatchRequest } from './request-watch.js';
import type { RouteTable } from './route-table.js';
import { policyOf } from '../pages/pages.js';

export interface EdgeParts {
  readonly keys: KeyRing;
  readonly failedLogins: FailedLogins;
  readonly isAllowedHost: HostCheck;
  readonly cors: Cors;
  readonly routes: RouteTable;
  readonly drain: Drain;
  readonly operators: Operators;
  readonly replies: ErrorReplies;
  readonly protocolHeaders: ProtocolHeaders;
  readonly watch: WatchRequest;
}

/** Checks every request before its route: `done()` lets the request pass, `done(error)` answers it. */
export type EdgeHook = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void;

/**
 * The order of checks for every request, before a byte of its body is read:
 *
 *   request id, security headers -> Host -> Origin (a preflight ends here) -> is there such a route? -> leaving?
 *   -> an operators' route? their token, no key -> whose key? -> no body from callers without one -> no packed body
 */
export function edgeHook(parts: EdgeParts): EdgeHook {
  return (request, reply, done) => {
    const path = pathOf(request.raw.url);
    setAnswerHeaders(request, reply, path);
    const answered = { path, headers: request.headers, requestId: request.id };
    for (const [name, value] of Object.entries(parts.protocolHeaders(answered))) reply.raw.setHeader(name, value);
    parts.watch(request, reply);
    assertOneHost(request.raw.rawHeaders);
    if (!parts.isAllowedHost(request.headers.host)) {
      throw unknownHost(request.headers.host);
    }
    if (parts.cors.check(request.raw, reply.raw) === 'preflight') {
      void reply.code(204).send();
      return;
    }
    if (request.is404) throw noRoute(reply, parts.routes.methodsOf(path), path);
    const { operators } = request.routeOptions.config;
    // So that whoever keeps the connection opens the next one elsewhere.
    if (parts.drain.draining) reply.raw.setHeader('connection', 'close');
    if (parts.drain.refusing && operators === undefined && !path.startsWith('/health')) throw leaving();
    if (operators !== undefined) {
      const refusal = parts.operators.refusalOf(operators, request.raw);
      // Answered here and not thrown, because the routes of a plugin have their own error handler.
      if (refusal) sendError(parts.replies, refusal, { request, reply });
      else done();
      return;
    }
    request.keyName = parts.keys.ownerOf(request.raw);
    if (request.keyName === undefined) refuseStranger(request, parts.failedLogins);
    assertPlainBody(request.headers);
    done();
  };
}

/**
 * Headers of every answer. They are set on the raw response, from which both streams and Fastify's answers take them.
 */
export function setAnswerHeaders(request: FastifyRequest, reply: FastifyReply, path: string): void {
  reply.raw.setHeader('x-request-id', request.id);
  setSecurityHeaders(reply.raw, path);
}

/**
 * Accepts only bodies of JSON in UTF-8. `bodyBytesMax` also holds for chunked bodies. A body for which `receiving` has
 * no room is refused: before its first byte when its length is declared, else when it has grown too large.
 */
export function acceptJsonOnly(instance: FastifyInstance, bodyBytesMax: number, receiving: ReceivingBudget): void {
  instance.removeAllContentTypeParsers();
  instance.addHook('preParsing', (request, _reply, _payload, done) => {
    try {
      receiving.assertRoom(accountOf(request), declaredBytes(request, bodyBytesMax));
      done();
    } catch (cause) {
      done(cause as Error);
    }
  });
  instance.addContentTypeParser('application/json', async (request: FastifyRequest, payload: Readable) => {
    assertUtf8(request.headers['content-type']);
    const bounds = { declaredBytes: lengthOf(request), bytesMax: bodyBytesMax };
    return parseJson(await receiveBody(payload, bounds, receiving.open(accountOf(request))));
  });
}

/** Operators have no key, so they share one account. */
const accountOf = ({ keyName = '' }: FastifyRequest): string => keyName;

function lengthOf({ headers }: FastifyRequest): number | undefined {
  const length = Number(headers['content-length']);
  return Number.isNaN(length) ? undefined : length;
}

/** A body over the limit is refused for its size, whatever room there is. */
function declaredBytes(request: FastifyRequest, bodyBytesMax: number): number {
  const length = lengthOf(request) ?? 0;
  return length > bodyBytesMax ? 0 : length;
}

function assertUtf8(contentType: string | undefined): void {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType ?? '')?.[1]?.toLowerCase();
  if (charset === undefined || charset === 'utf-8' || charset === 'utf8') return;
  throw new GatewayError('unsupported_media_type', 'The body must be application/json in UTF-8.');
}

/** Parts of the OpenAI API that this gateway does not have; clients ask for them when they are set up so. */
const isElsewhere = (path: string): boolean =>
  /^\/v1\/(embeddings|audio|images|completions|moderations|files|batches|fine_tuning|assistants|threads|vector_stores)(\/|$)/.test(
    path,
  );
const NOT_HERE = 'This gateway does not serve this part of the OpenAI API: see "Not here" in docs/api.md.';

function noRoute(reply: FastifyReply, methods: readonly string[], path: string): GatewayError {
  if (methods.length === 0)
    return new GatewayError('not_found', isElsewhere(path) ? NOT_HERE : 'There is nothing at this path.');
  const allow = methods.join(', ');
  reply.raw.setHeader('allow', allow);
  return new GatewayError('method_not_allowed', `This path knows ${allow}.`);
}

const leaving = (): GatewayError =>
  new GatewayError('draining', 'This server is shutting down. Try again.', { retryAfterSeconds: 1 });

/**
 * Refuses a request without a valid key before its body is read. Public routes have no body, and the guard would refuse
 * the others only after reading megabytes.
 */
function refuseStranger(request: FastifyRequest, failedLogins: FailedLogins): void {
  const tooMany = failedLogins.addRequest(request.raw);
  if (tooMany) throw tooMany;
  if (request.method !== 'GET' && request.method !== 'HEAD') throw wrongKey();
}

const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['x-frame-options', 'DENY'],
  ['permissions-policy', 'camera=(), geolocation=(), microphone=()'],
];

/** Sets the headers that every answer carries, streams and errors too. */
function setSecurityHeaders(response: ServerResponse, path: string): void {
  for (const [name, value] of SECURITY_HEADERS) response.setHeader(name, value);
  response.setHeader('content-security-policy', policyOf(path));
}
