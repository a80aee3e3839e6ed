import type { Logger } from '#libs/platform';
import { isRunId } from '#libs/runs';
import type { Tracing } from '#libs/tracing';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiMeters } from './api-meters.js';
import { HEADERS } from '../words/header-names.js';

/** The status that nginx uses for a client that left before it was answered. */
const CLIENT_LEFT = 499;

const WRONG_KEY = 401;

/** Records the end of a request. */
export type WatchRequest = (request: FastifyRequest, reply: FastifyReply) => void;

/**
 * Counts every request when its answer has ended, and writes one log line: which key requested which route, the ids,
 * and the outcome. The line never has the content: no requested path, no query, no header, no body. Probes and scrapes
 * are not logged.
 */
export function watchRequests(meters: ApiMeters, logger: Logger): WatchRequest {
  return (request, reply) => {
    const startedAt = performance.now();
    const { raw } = reply;
    raw.once('close', () => {
      const route = request.routeOptions.url ?? 'none';
      const status = raw.headersSent ? raw.statusCode : CLIENT_LEFT;
      meters.requestEnded(route, request.method, status);
      if (request.routeOptions.config?.isProbe === true || isProbe(route) || !logger.isLevelEnabled('info')) return;
      const ms = Math.round(performance.now() - startedAt);
      const runId = runIdOf(request, raw.getHeader(HEADERS.runId));
      const ids = {
        requestId: request.id,
        ...(runId && { runId }),
        ...(request.keyName && { keyName: request.keyName }),
        // Behind a proxy it is the proxy's, whose log knows more.
        ...(status === WRONG_KEY && { remote: request.raw.socket.remoteAddress }),
      };
      logger.info({ ...ids, method: request.method, route, status, ms, whole: raw.writableFinished }, 'request');
    });
  };
}

type Hook = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void;

/** The hook as a part of a trace: whatever the request starts belongs to its span. */
export function traced(tracing: Pick<Tracing, 'request'>, hook: Hook): Hook {
  return (request, reply, done) => {
    const ended = tracing.request(request.headers.traceparent, () => hook(request, reply, done));
    reply.raw.once('close', () => {
      const route = request.routeOptions.url ?? 'none';
      if (request.routeOptions.config?.isProbe === true || isProbe(route)) return;
      const status = reply.raw.headersSent ? reply.raw.statusCode : CLIENT_LEFT;
      const runId = runIdOf(request, reply.raw.getHeader(HEADERS.runId));
      ended({ method: request.method, route, status, ...(runId !== undefined && { runId }) });
    });
  };
}

const isProbe = (route: string): boolean => /^\/(health|metrics)/.test(route) || route === '/v1/health';

/** The run of an answer, or the requested run when its id is well-formed. */
function runIdOf(request: FastifyRequest, header: unknown): string | undefined {
  if (typeof header === 'string') return header;
  const { id } = (request.params ?? {}) as { id?: unknown };
  return typeof id === 'string' && isRunId(id) ? id : undefined;
}
