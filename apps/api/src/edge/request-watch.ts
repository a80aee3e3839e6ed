import type { Logger } from '#libs/platform';
import { isRunId } from '#libs/runs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiMeters } from './api-meters.js';
import { HEADERS } from '../words/header-names.js';

/** nginx' number for a client that left before it was answered. */
const CLIENT_LEFT = 499;

/** Notes the end of a request. */
export type WatchRequest = (request: FastifyRequest, reply: FastifyReply) => void;

/**
 * Counts every request when its answer has ended, and writes one log line: who asked for what, by which ids, and how it
 * went. Never what was asked: no path as it came, no query, no header, no body. Probes and scrapes are not logged.
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
      };
      logger.info({ ...ids, method: request.method, route, status, ms, whole: raw.writableFinished }, 'request');
    });
  };
}

const isProbe = (route: string): boolean => /^\/(health|metrics)/.test(route) || route === '/v1/health';

/** The run an answer belongs to, or the one that was asked for when it is a well-formed id. */
function runIdOf(request: FastifyRequest, header: unknown): string | undefined {
  if (typeof header === 'string') return header;
  const { id } = (request.params ?? {}) as { id?: unknown };
  return typeof id === 'string' && isRunId(id) ? id : undefined;
}
