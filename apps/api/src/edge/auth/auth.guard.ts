import { GatewayError } from '#libs/contract';
import { PUBLIC_ROUTE } from '#libs/platform';
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';

/**
 * Global: every route asks for a key unless it or its controller is marked `@Public()`. Who asks was found out when the
 * request came in (http/edge.ts); this is where a route that forgot to think about it is closed.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean>(PUBLIC_ROUTE, targets) === true) return true;
    if (context.switchToHttp().getRequest<FastifyRequest>().owner !== undefined) return true;
    throw wrongKey();
  }
}

/** One answer for a missing key and for a wrong one. */
export function wrongKey(): GatewayError {
  return new GatewayError('invalid_api_key', 'A valid API key is required: Authorization: Bearer <key>, or x-api-key.');
}
