import type { Tool } from '#libs/contract';
import type { ConnectParts } from './connect.js';
import { McpServer } from './mcp-server.js';
import type { McpServerSettings } from './mcp-settings.js';

/** All configured MCP servers. One that is away does not hold up the others, nor the start. */
export class McpServers {
  private readonly servers: readonly McpServer[];
  private started: Promise<unknown> = Promise.resolve();

  constructor(settings: readonly McpServerSettings[], parts: ConnectParts) {
    this.servers = settings.map((server) => new McpServer(server, parts));
  }

  /** Begins to connect. */
  start(): void {
    this.started = Promise.all(this.servers.map((server) => server.start()));
  }

  /** Resolves when each server was tried once, or after `ms`. Never rejects. */
  async settled(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
    await Promise.race([this.started, late]);
    clearTimeout(timer);
  }

  /** Whether a tool of this name can come from one of the servers. */
  hasName(tool: string): boolean {
    return this.servers.some(({ name }) => tool.startsWith(`${name}__`));
  }

  names(): readonly string[] {
    return this.servers.map(({ name }) => name);
  }

  tools(): readonly Tool[] {
    return this.servers.flatMap((server) => server.tools());
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.close()));
  }
}
