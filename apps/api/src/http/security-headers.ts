import type { ServerResponse } from 'node:http';

const HEADERS: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['x-frame-options', 'DENY'],
  ['permissions-policy', 'camera=(), geolocation=(), microphone=()'],
];
const CSP_NOTHING = "default-src 'none'; frame-ancestors 'none'";
/** The documentation page loads its own files and writes its own styles. */
const CSP_DOCS = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'";

/** Sets the headers that every answer carries, streams and errors too. */
export function setSecurityHeaders(response: ServerResponse, path: string): void {
  for (const [name, value] of HEADERS) response.setHeader(name, value);
  const isDocs = path === '/docs' || path.startsWith('/docs/');
  response.setHeader('content-security-policy', isDocs ? CSP_DOCS : CSP_NOTHING);
}
