import { GatewayError, LIMITS } from '#libs/contract';
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { HEADERS } from '../../words/header-names.js';

const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

/** The identity of a request: its key in its scope, and the fingerprint of its content. */
export interface IdempotencyClaim {
  /** Owner, route and key, because a key means nothing to another owner or on another route. */
  readonly scope: string;
  /** SHA-256 in hex. */
  readonly fingerprint: string;
}

export interface CreatingRequest {
  readonly owner: string;
  /** The path of the protocol, whichever alias was called, or of the created object. */
  readonly route: string;
  readonly headers: IncomingHttpHeaders;
  /** The parsed JSON body, including fields that are ignored later. */
  readonly body: unknown;
}

/**
 * Reads Idempotency-Key; undefined when there is none. Throws GatewayError `invalid_idempotency_key` unless it is 1 to
 * 255 visible ASCII characters.
 */
export function idempotencyClaim({ owner, route, headers, body }: CreatingRequest): IdempotencyClaim | undefined {
  const key = headers[HEADERS.idempotencyKey];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || key.length > LIMITS.idempotencyKeyCharsMax || !VISIBLE_ASCII.test(key)) {
    const what = `Idempotency-Key must be 1 to ${LIMITS.idempotencyKeyCharsMax} visible ASCII characters.`;
    throw new GatewayError('invalid_idempotency_key', what, { param: 'Idempotency-Key' });
  }
  const sessions = HEADERS.session.map((name) => headers[name] ?? null);
  const asked = canonicalJson([body, ...sessions]);
  return {
    scope: JSON.stringify([owner, route, key]),
    fingerprint: createHash('sha256').update(asked).digest('hex'),
  };
}

/** The key was used for a different request. */
export function idempotencyConflict(): GatewayError {
  return new GatewayError('idempotency_key_conflict', 'This Idempotency-Key was used with another request.', {
    param: 'Idempotency-Key',
  });
}

/** JSON with sorted keys and no spaces: equal for values that differ only in the order of their keys. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(',')}}`;
}
