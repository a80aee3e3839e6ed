import { PUBLIC_ROUTE } from '#libs/platform';
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { wrongKey } from './wrong-key.js';

/**
 * Global: every route asks for a key unless the route or its controller is marked `@Public()`. The edge has already
 * found out whose key the request carries (edge.ts); the guard closes every route that says nothing about keys.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean>(PUBLIC_ROUTE, targets) === true) return true;
    if (context.switchToHttp().getRequest<FastifyRequest>().keyName !== undefined) return true;
    throw wrongKey();
  }
}
