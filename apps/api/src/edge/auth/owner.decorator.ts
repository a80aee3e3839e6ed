import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { wrongKey } from './auth.guard.js';

/** The name of the key that asks. On a route that is not public it is always there. */
export const Owner = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const { owner } = context.switchToHttp().getRequest<FastifyRequest>();
  if (owner === undefined) throw wrongKey();
  return owner;
});
