import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';

/** A request behind the edge, for routes that need more of it than one field. */
export interface IncomingRequest {
  /** The name of the key that asks. */
  readonly owner: string;
  readonly headers: IncomingHttpHeaders;
  /** As it was parsed from JSON; undefined when there was none. Nothing about it has been checked. */
  readonly body: unknown;
  /** Closes when the client is gone. */
  readonly socket: Socket;
}

/**
 * The request as a parameter: `@Incoming() request: IncomingRequest`. A route that holds a place while it answers
 * checks its body itself, because the place comes first; `@Body(dto(X))` would check before that.
 */
export const Incoming = createParamDecorator((_: unknown, context: ExecutionContext): IncomingRequest => {
  const { owner, headers, body, raw } = context.switchToHttp().getRequest<FastifyRequest>();
  return { owner, headers, body, socket: raw.socket };
});
