import { ERRORS, GatewayError, toRunError } from '#libs/contract';
import { assertOneHost, unknownHost, type Drain } from '#libs/platform';
import { errorBody } from '#libs/protocols';
import type { FastifyInstance } from 'fastify';
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import type { HostCheck } from './auth/allowed-hosts.js';
import type { FailedLogins } from './auth/failed-logins.js';
import { type KeyRing, wrongKey } from './auth/key-ring.js';
import { API_LIMITS } from '../words/api-limits.js';
import type { Cors } from './cors.js';
import { headersOf } from './error-reply.js';
import { canonicalUrl, pathOf } from '../words/request-path.js';

/** The checks for every connection, the same as for every request (edge/edge.ts). */
export interface UpgradeParts {
  readonly keys: KeyRing;
  readonly failedLogins: FailedLogins;
  readonly isAllowedHost: HostCheck;
  readonly cors: Pick<Cors, 'isAllowed'>;
  readonly drain: Drain;
  readonly paths: readonly string[];
  /** Largest message, in bytes. */
  readonly messageBytesMax: number;
}

/** A connection that passed the checks. */
export interface ConnectedSocket {
  readonly webSocket: WebSocket;
  readonly socket: Socket;
  readonly request: IncomingMessage;
  readonly owner: string;
}

/**
 * Accepts WebSockets on these paths and passes each to `connected`. When the server closes, the remaining ones are cut.
 */
export function takeUpgrades(
  instance: FastifyInstance,
  parts: UpgradeParts,
  connected: (connection: ConnectedSocket) => void,
): void {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    maxPayload: parts.messageBytesMax,
    maxBufferedChunks: API_LIMITS.webSocketPiecesMax,
    maxFragments: API_LIMITS.webSocketPiecesMax,
    perMessageDeflate: false,
  });
  const owners = new Map<WebSocket, string>();
  instance.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // A client that leaves during this is not a failure.
    const onError = (): void => void socket.destroy();
    socket.on('error', onError);
    try {
      const owner = admit(parts, request, [...owners.values()]);
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        socket.off('error', onError);
        owners.set(webSocket, owner);
        webSocket.on('close', () => owners.delete(webSocket));
        connected({ webSocket, socket: socket as Socket, request, owner });
      });
    } catch (cause) {
      refuse(socket, cause);
    }
  });
  instance.addHook('preClose', async () => {
    for (const webSocket of sockets.clients) webSocket.terminate();
  });
}

/**
 * Checks a request for an upgrade, in the order of the edge hook. Throws GatewayError.
 * @param open owners of the existing connections.
 * @returns the owner.
 */
function admit(parts: UpgradeParts, request: IncomingMessage, open: readonly string[]): string {
  assertOneHost(request.rawHeaders);
  if (!parts.isAllowedHost(request.headers.host)) {
    throw unknownHost(request.headers.host);
  }
  if (!parts.cors.isAllowed(request)) {
    throw new GatewayError('origin_not_allowed', 'This origin may not use the API.');
  }
  if (!parts.paths.includes(pathOf(canonicalUrl(request.url)))) {
    throw new GatewayError('not_found', 'There is no WebSocket at this path.');
  }
  if (parts.drain.refusing) {
    throw new GatewayError('draining', 'This server is shutting down. Try again.', { retryAfterSeconds: 1 });
  }
  const owner = parts.keys.ownerOf(request);
  if (owner === undefined) throw parts.failedLogins.addRequest(request) ?? wrongKey();
  if (open.length >= API_LIMITS.webSocketsMax) throw tooManyOpen('Too many WebSockets are open.');
  if (open.filter((other) => other === owner).length >= API_LIMITS.webSocketsPerKeyMax) {
    throw tooManyOpen('Too many WebSockets of this API key are open.');
  }
  return owner;
}

function tooManyOpen(message: string): GatewayError {
  return new GatewayError('rate_limit_exceeded', message, { retryAfterSeconds: 1 });
}

/** There is no response object yet, so the answer is written by hand, then the connection ends. */
function refuse(socket: Duplex, cause: unknown): void {
  const error = toRunError(cause);
  const { status } = ERRORS[error.code];
  const body = JSON.stringify(errorBody(error));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    ...Object.entries(headersOf(error)).map(([name, value]) => `${name}: ${value}`),
  ];
  // The HTTP server no longer manages this socket, so without this it would stay open when its client does not close
  // it.
  socket.once('finish', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
