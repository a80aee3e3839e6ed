import type { McpServerState, Tool } from '#libs/contract';
import type { ConnectParts } from './connect.js';
import type { McpServer } from './mcp-server.js';
import type { McpServerSettings } from './mcp-settings.js';

/** All configured MCP servers. One that is away delays neither the others nor the start. */
export class McpServers {
  private servers: readonly McpServer[] = [];
  private started: Promise<unknown> = Promise.resolve();
  private isClosed = false;

  constructor(
    private readonly settings: readonly McpServerSettings[],
    private readonly parts: ConnectParts,
  ) {}

  /** Begins to connect. */
  start(): void {
    if (this.settings.length === 0) return;
    this.started = this.startAll().catch((cause: Error) =>
      this.parts.log({ server: 'all', level: 'warn', text: `could not be started: ${cause.message}` }),
    );
  }

  /** Resolves when each server was tried once, or after `ms`. Never rejects. */
  async settled(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
    await Promise.race([this.started, late]);
    clearTimeout(timer);
  }

  names(): readonly string[] {
    return this.settings.map(({ name }) => name);
  }

  tools(): readonly Tool[] {
    return this.servers.flatMap((server) => server.tools());
  }

  /** In the order of the settings. */
  states(): readonly McpServerState[] {
    if (this.servers.length > 0) return this.servers.map((server) => server.state());
    return this.names().map((name) => ({ name, status: 'connecting', tools: 0 }));
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all(this.servers.map((server) => server.close()));
  }

  private async startAll(): Promise<void> {
    // Most workers have no server, and the SDK with its schemas is a seventh of a worker's modules.
    const { McpServer } = await import('./mcp-server.js');
    if (this.isClosed) return;
    this.servers = this.settings.map((server) => new McpServer(server, this.parts));
    await Promise.all(this.servers.map((server) => server.start()));
  }
}
