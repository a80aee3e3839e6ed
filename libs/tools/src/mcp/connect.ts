import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { ToolListChangedNotificationSchema, type Tool as McpToolInfo } from '@modelcontextprotocol/sdk/types.js';
import type { LiveTrees } from '../processes/live-trees.js';
import { boundedFetch } from './bounded-fetch.js';
import { MCP_LIMITS, type McpLog, type McpServerSettings } from './mcp-settings.js';
import { StdioTransport } from './stdio-transport.js';

export interface ConnectParts {
  readonly live: LiveTrees;
  readonly log: McpLog;
  /** Of this gateway; told to the servers. */
  readonly version: string;
}

export interface ConnectionOwner {
  onToolsChanged(client: Client): void;
  onClose(client: Client): void;
  /** Breaks off the attempt to connect. */
  readonly signal: AbortSignal;
}

/** A client that has shaken hands with the server. Rejects when that fails, with nothing left running. */
export async function connect(
  settings: McpServerSettings,
  parts: ConnectParts,
  owner: ConnectionOwner,
): Promise<Client> {
  const { name, connectTimeoutSeconds } = settings;
  const client = new Client({ name: 'talaria', version: parts.version }, { capabilities: {} });
  client.onclose = () => owner.onClose(client);
  client.onerror = (cause) => parts.log({ server: name, level: 'debug', text: cause.message });
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => owner.onToolsChanged(client));
  try {
    // The cast is for exactOptionalPropertyTypes alone: the SDK's own class declares `sessionId: string | undefined`.
    await client.connect(transportOf(settings, parts) as Transport, {
      timeout: connectTimeoutSeconds * 1_000,
      signal: owner.signal,
    });
    return client;
  } catch (cause) {
    await client.close().catch(() => undefined);
    throw cause;
  }
}

function transportOf(settings: McpServerSettings, { live, log }: ConnectParts): unknown {
  const { name, transport, timeoutSeconds, connectTimeoutSeconds } = settings;
  if (transport.kind === 'stdio') {
    return new StdioTransport(transport, live, (line) => log({ server: name, level: 'debug', text: line }));
  }
  return new StreamableHTTPClientTransport(new URL(transport.url), {
    requestInit: { headers: { ...transport.headers } },
    fetch: boundedFetch(Math.max(timeoutSeconds, connectTimeoutSeconds) * 1_000 + MCP_LIMITS.lateAnswerMs),
  });
}

/** All tools of a server, over all pages. Rejects when the server does not tell. */
export async function listTools(
  client: Client,
  options: { readonly timeout: number; readonly signal: AbortSignal },
): Promise<McpToolInfo[]> {
  if (!client.getServerCapabilities()?.tools) return [];
  const tools: McpToolInfo[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MCP_LIMITS.listPagesMax; page += 1) {
    const answer = await client.listTools(cursor === undefined ? {} : { cursor }, options);
    tools.push(...answer.tools);
    cursor = answer.nextCursor;
    if (cursor === undefined) break;
  }
  return tools;
}
