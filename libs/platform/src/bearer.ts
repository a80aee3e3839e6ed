import { hash, timingSafeEqual } from 'node:crypto';

/** Whether two secrets are equal. The time of the check reveals neither where they differ nor how long they are. */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

/** The token in an Authorization header of the form `Bearer`. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
}

/** Whether an Authorization header has this token as `Bearer`. */
export function isBearer(authorization: string | undefined, token: string): boolean {
  return isSameSecret(bearerToken(authorization) ?? '', token);
}

const digest = (text: string): Buffer => hash('sha256', text, 'buffer');
