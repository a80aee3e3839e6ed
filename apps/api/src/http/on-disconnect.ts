import { GatewayError, type OnDisconnect } from '#libs/contract';
import type { IncomingHttpHeaders } from 'node:http';
import { HEADERS } from './header-names.js';

/** The X-On-Disconnect header. Throws GatewayError `invalid_request` for any other word. */
export function onDisconnectOf(headers: IncomingHttpHeaders): OnDisconnect | undefined {
  const value = headers[HEADERS.onDisconnect];
  if (value === undefined || value === 'cancel' || value === 'continue') return value;
  throw new GatewayError('invalid_request', 'X-On-Disconnect must be "cancel" or "continue".', {
    param: 'X-On-Disconnect',
  });
}
