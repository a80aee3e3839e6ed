import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ErrorReplies } from './error-reply.js';
import { pathOf } from '../words/request-path.js';

/** Handles the errors of all routes, of the router, and of Fastify's parsers. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(@Inject(ErrorReplies) private readonly replies: ErrorReplies) {}

  catch(cause: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendError(this.replies, cause, {
      request: http.getRequest<FastifyRequest>(),
      reply: http.getResponse<FastifyReply>(),
    });
  }
}

/** Answers a request with an error, unless it was already answered or its client has left. */
export function sendError(
  replies: ErrorReplies,
  cause: unknown,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): void {
  const isAdmin = request.routeOptions.config?.operators === 'admin';
  const { status, headers, body } = replies.replyTo(cause, {
    path: pathOf(request.raw.url),
    id: request.id,
    headers: request.headers,
    isAdmin,
  });
  if (reply.sent || reply.raw.headersSent || reply.raw.destroyed) return;
  void reply.code(status).headers(headers).type('application/json; charset=utf-8').send(JSON.stringify(body));
}
