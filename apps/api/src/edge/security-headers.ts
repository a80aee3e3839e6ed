import type { ServerResponse } from 'node:http';
import { policyOf } from '../pages/pages.js';

const HEADERS: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['x-frame-options', 'DENY'],
  ['permissions-policy', 'camera=(), geolocation=(), microphone=()'],
];

/** Sets the headers that every answer carries, streams and errors too. */
export function setSecurityHeaders(response: ServerResponse, path: string): void {
  for (const [name, value] of HEADERS) response.setHeader(name, value);
  response.setHeader('content-security-policy', policyOf(path));
}
