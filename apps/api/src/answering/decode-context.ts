import type { DecodeContext } from '#libs/protocols';
import type { IncomingHttpHeaders } from 'node:http';
import { onDisconnectOf } from '../words/on-disconnect.js';

/** What a protocol may know about a request besides its body. Throws GatewayError for a wrong `X-On-Disconnect`. */
export function decodeContext(headers: IncomingHttpHeaders, messageTextCharsMax: number): DecodeContext {
  const onDisconnect = onDisconnectOf(headers);
  return {
    ...(onDisconnect && { onDisconnect }),
    hermesClient: Object.keys(headers).some((name) => name.startsWith('x-hermes-')),
    messageTextCharsMax,
    headers,
  };
}
