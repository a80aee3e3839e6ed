import type { DecodeContext } from '#libs/protocols';
import type { IncomingHttpHeaders } from 'node:http';
import { onDisconnectOf } from '../words/on-disconnect.js';

/**
 * The facts about a request, besides its body, that a protocol needs. Throws GatewayError for a wrong
 * `X-On-Disconnect`.
 */
export function decodeContext(headers: IncomingHttpHeaders, messageTextCharsMax: number): DecodeContext {
  const onDisconnect = onDisconnectOf(headers);
  return {
    ...(onDisconnect && { onDisconnect }),
    hermesClient: Object.keys(headers).some((name) => name.startsWith('x-hermes-')),
    messageTextCharsMax,
    headers,
  };
}
