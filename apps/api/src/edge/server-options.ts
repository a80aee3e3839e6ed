import type { FastifyHttpOptions } from 'fastify';
import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { UpgradableRequest } from './upgradable-request.js';
import { API_LIMITS } from '../words/api-limits.js';
import { setAnswerHeaders } from './edge.js';
import { sendError } from './error.filter.js';
import type { ErrorReplies } from './error-reply.js';
import { requestIdOf } from '../words/request-id.js';
import { canonicalUrl, pathOf } from '../words/request-path.js';

/** Options of the HTTP server that take effect before any of our hooks: limits, ids, and the errors of its parsers. */
export function serverOptions(replies: ErrorReplies, bodyBytesMax: number): FastifyHttpOptions<Server> {
  return {
    bodyLimit: bodyBytesMax,
    requestTimeout: API_LIMITS.requestTimeoutMs,
    keepAliveTimeout: API_LIMITS.keepAliveTimeoutMs,
    http: {
      headersTimeout: API_LIMITS.headersTimeoutMs,
      IncomingMessage: UpgradableRequest,
      connectionsCheckingInterval: API_LIMITS.connectionsCheckMs,
    },
    routerOptions: { maxParamLength: API_LIMITS.pathParameterCharsMax },
    // Runs before the router and all hooks, so that each of them sees the canonical path.
    rewriteUrl: ({ url }) => canonicalUrl(url),
    // Our own hook answers while draining, because Fastify's body would not have our shape.
    return503OnClosing: false,
    genReqId: (request: IncomingMessage) => requestIdOf(request.headers),
    frameworkErrors: (cause, request, reply) => {
      setAnswerHeaders(request, reply, pathOf(request.raw.url));
      sendError(replies, cause, { request, reply });
    },
    clientErrorHandler: (cause, socket) => answerBrokenRequest(replies, cause, socket),
  };
}

/**
 * A server may ignore an Expect header other than 100-continue (RFC 9110, 10.1.1). Node would answer 417 before our
 * code could give that answer its shape and headers.
 */
export function ignoreExpectations(server: Server): void {
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

const STATUS_OF_PARSE_ERROR: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/**
 * The received bytes were not HTTP, so there is no request to answer: the answer is written by hand, then the
 * connection ends.
 */
function answerBrokenRequest(replies: ErrorReplies, cause: NodeJS.ErrnoException, socket: Socket): void {
  const isOurs = cause.code !== 'ECONNRESET' && socket.writable && socket.bytesWritten === 0;
  if (isOurs) {
    const status = STATUS_OF_PARSE_ERROR[cause.code ?? ''] ?? 400;
    const malformed = Object.assign(new Error('broken request'), { statusCode: status });
    const body = JSON.stringify(replies.replyTo(malformed, { path: '', id: '' }).body);
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      'x-content-type-options: nosniff',
      'connection: close',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  }
  socket.destroySoon();
}
