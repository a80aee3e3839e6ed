import { GatewayError, type OnDisconnect } from '#libs/contract';
import type { IncomingHttpHeaders } from 'node:http';
import { HEADERS } from './header-names.js';

/**
 * The value of X-On-Disconnect. Without it a request with an Idempotency-Key continues: a client that sends a key
 * intends to retry, so its run must survive a disconnect. Throws GatewayError `invalid_request` for any other value.
 */
export function onDisconnectOf(headers: IncomingHttpHeaders): OnDisconnect | undefined {
  const value = headers[HEADERS.onDisconnect];
  if (value === undefined) return headers[HEADERS.idempotencyKey] === undefined ? undefined : 'continue';
  if (value === 'cancel' || value === 'continue') return value;
  throw new GatewayError('invalid_request', 'X-On-Disconnect must be "cancel" or "continue".', {
    param: 'X-On-Disconnect',
  });
}
