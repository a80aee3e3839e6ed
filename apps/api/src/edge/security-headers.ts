import type { ServerResponse } from 'node:http';

const HEADERS: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['x-frame-options', 'DENY'],
  ['permissions-policy', 'camera=(), geolocation=(), microphone=()'],
];
const CSP_NOTHING = "default-src 'none'; frame-ancestors 'none'";
/** The documentation and the queue dashboard load their own files and write their own styles. */
const CSP_PAGES = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'";

const PAGES = ['/docs', '/admin/queues'];

/** Sets the headers that every answer carries, streams and errors too. */
export function setSecurityHeaders(response: ServerResponse, path: string): void {
  for (const [name, value] of HEADERS) response.setHeader(name, value);
  const isPage = PAGES.some((page) => path === page || path.startsWith(`${page}/`));
  response.setHeader('content-security-policy', isPage ? CSP_PAGES : CSP_NOTHING);
}
