import { ProtocolError, SdkError, SdkErrorCode, type Client } from '@modelcontextprotocol/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { MCP_LIMITS } from './mcp-settings.js';

/**
 * Subscribes to the changes of a server's tools (revision 2026-07-28), and again whenever the subscription ends. Older
 * servers announce changes without a subscription. Resolves when the connection is over, or when the server offers no
 * such subscription; never rejects.
 *
 * @param signal of the connection's end.
 * @param onGap called when changes may have been missed.
 */
export async function watchChanges(client: Client, signal: AbortSignal, onGap: () => void): Promise<void> {
  if (client.getProtocolEra() !== 'modern' || !client.getServerCapabilities()?.tools?.listChanged) return;
  let wait: number = MCP_LIMITS.retryMsMin;
  while (!signal.aborted) {
    try {
      const subscription = await client.listen({ toolsListChanged: true }, { signal });
      wait = MCP_LIMITS.retryMsMin;
      if ((await subscription.closed) === 'local') return;
    } catch (cause) {
      if (cause instanceof ProtocolError || isOver(cause)) return;
    }
    await sleep(wait, undefined, { signal, ref: false }).catch(() => undefined);
    wait = Math.min(wait * 2, MCP_LIMITS.retryMsMax);
    if (!signal.aborted) onGap();
  }
}

function isOver(cause: unknown): boolean {
  return cause instanceof SdkError && [SdkErrorCode.NotConnected, SdkErrorCode.ConnectionClosed].includes(cause.code);
}
