import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';

/** A request that has passed the edge, for routes that need more than one field of it. */
export interface IncomingRequest {
  /** The name of the request's key. */
  readonly owner: string;
  readonly headers: IncomingHttpHeaders;
  /** The parsed JSON body, or undefined when there was none. Nothing about it has been checked. */
  readonly body: unknown;
  /** Closes when the client leaves. */
  readonly socket: Socket;
}

/**
 * The request as a parameter: `@Incoming() request: IncomingRequest`. A route that takes a place while it answers
 * checks its body itself, because the place comes first. `@Body(dto(X))` would check the body before that.
 */
export const Incoming = createParamDecorator((_: unknown, context: ExecutionContext): IncomingRequest => {
  const { owner, headers, body, raw } = context.switchToHttp().getRequest<FastifyRequest>();
  return { owner, headers, body, socket: raw.socket };
});
