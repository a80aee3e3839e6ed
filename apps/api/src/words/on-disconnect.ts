import { GatewayError, type OnDisconnect } from '#libs/contract';
import type { IncomingHttpHeaders } from 'node:http';
import { HEADERS } from './header-names.js';

/**
 * What X-On-Disconnect says; without it a request with an Idempotency-Key goes on: who sends a key will ask again, and
 * shall not find the run cancelled. Throws GatewayError `invalid_request` for any other word.
 */
export function onDisconnectOf(headers: IncomingHttpHeaders): OnDisconnect | undefined {
  const value = headers[HEADERS.onDisconnect];
  if (value === undefined) return headers[HEADERS.idempotencyKey] === undefined ? undefined : 'continue';
  if (value === 'cancel' || value === 'continue') return value;
  throw new GatewayError('invalid_request', 'X-On-Disconnect must be "cancel" or "continue".', {
    param: 'X-On-Disconnect',
  });
}
