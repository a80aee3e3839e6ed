import { hash, timingSafeEqual } from 'node:crypto';

/** Are these the same secret? The time it takes tells neither where they differ nor how long they are. */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

/** The token that an Authorization header carries as `Bearer`. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
}

/** Does an Authorization header carry this token as `Bearer`? */
export function isBearer(authorization: string | undefined, token: string): boolean {
  return isSameSecret(bearerToken(authorization) ?? '', token);
}

const digest = (text: string): Buffer => hash('sha256', text, 'buffer');
