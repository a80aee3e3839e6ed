import { GatewayError } from '#libs/contract';
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { createHash, timingSafeEqual } from 'node:crypto';

/** The shared secret between API and store, or null when none is required. */
export const TOKEN = Symbol('TOKEN');

/**
 * Requires `Authorization: Bearer <token>` when a token is set. The check takes the same time for every wrong token.
 */
@Injectable()
export class TokenGuard implements CanActivate {
  private readonly expected: Buffer | undefined;

  constructor(@Inject(TOKEN) token: string | null) {
    this.expected = token === null ? undefined : digest(`Bearer ${token}`);
  }

  canActivate(context: ExecutionContext): boolean {
    if (!this.expected) return true;
    const { headers } = context.switchToHttp().getRequest<{ headers: { authorization?: string } }>();
    if (timingSafeEqual(digest(headers.authorization ?? ''), this.expected)) return true;
    throw new GatewayError('invalid_api_key', 'The store asks for its token.');
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
