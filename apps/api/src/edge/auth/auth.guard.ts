import { PUBLIC_ROUTE } from '#libs/platform';
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { wrongKey } from './key-ring.js';

/**
 * Global guard: every route requires a key unless the route or its controller is marked `@Public()`. The edge has
 * already found the owner of the request's key (edge.ts). The guard closes every route that does not mention keys.
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
