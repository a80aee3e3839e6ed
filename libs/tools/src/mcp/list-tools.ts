import type { Client, Tool as McpToolInfo } from '@modelcontextprotocol/client';
import { MCP_LIMITS } from './mcp-settings.js';

export interface ToolList {
  readonly tools: readonly McpToolInfo[];
  /** How long the list may be used without a new request. */
  readonly freshMs: number;
}

/**
 * All tools of a server, over all pages. Rejects when the server does not answer. A list belongs to one connection,
 * whose credentials are the operator's, so lists with `cacheScope` private may also be used for all runs.
 */
export async function listTools(
  client: Client,
  options: { readonly timeout: number; readonly signal: AbortSignal },
): Promise<ToolList> {
  const tools: McpToolInfo[] = [];
  let freshMs: number = MCP_LIMITS.listMsMax;
  if (!client.getServerCapabilities()?.tools) return { tools, freshMs };
  let cursor: string | undefined;
  for (let page = 0; page < MCP_LIMITS.listPagesMax; page += 1) {
    const params = cursor === undefined ? {} : { cursor };
    const answer = await client.request({ method: 'tools/list', params }, options);
    tools.push(...answer.tools);
    freshMs = Math.min(freshMs, freshMsOf(answer.ttlMs));
    cursor = answer.nextCursor;
    if (cursor === undefined) break;
  }
  return { tools, freshMs };
}

/** 0 means that the list is stale at once. Requests more often than every second are of no use. */
function freshMsOf(ttlMs: unknown): number {
  if (typeof ttlMs !== 'number') return MCP_LIMITS.listMsDefault;
  return Math.max(ttlMs, MCP_LIMITS.listMsMin);
}
