import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { JsonObject, Tool, ToolContext, ToolResult } from '#libs/contract';
import { callTool, kindOf, type CallOrder, type CallOutcome } from './call-tool.js';
import { connect, listTools, type ConnectParts } from './connect.js';
import { MCP_LIMITS, type McpServerSettings } from './mcp-settings.js';
import { offeredTools } from './offered-tools.js';

/**
 * One server and the connection to it: opened at start, and opened anew with growing waits whenever it is lost. The
 * tools it told last stay offered meanwhile; a call of one then fails, and only that call.
 */
export class McpServer {
  private offered: readonly Tool[] = [];
  private connection: { readonly client: Client; readonly since: number } | undefined;
  /** Calls over each connection; one that was given up is closed after its last call. */
  private readonly underWay = new Map<Client, number>();
  private connecting: Promise<Client> | undefined;
  private failures = 0;
  private retry: NodeJS.Timeout | undefined;
  private isRefreshing = false;
  private isStale = false;
  /** Aborted when the server is not wanted any more. */
  private readonly stop = new AbortController();

  constructor(
    private readonly settings: McpServerSettings,
    private readonly parts: ConnectParts,
  ) {}

  get name(): string {
    return this.settings.name;
  }

  /** As the server told them last; none before it was reached for the first time. */
  tools(): readonly Tool[] {
    return this.offered;
  }

  /** Resolves when the first attempt to connect is over, whatever came of it. */
  async start(): Promise<void> {
    await this.open().catch(() => undefined);
  }

  /** Ends the connection and, over stdio, the program. */
  async close(): Promise<void> {
    this.stop.abort(new Error('closed'));
    clearTimeout(this.retry);
    await this.connecting?.catch(() => undefined);
    const clients = new Set([...this.underWay.keys(), ...(this.connection ? [this.connection.client] : [])]);
    await Promise.all([...clients].map((client) => client.close().catch(() => undefined)));
  }

  private async call(tool: string, args: JsonObject, context: ToolContext): Promise<ToolResult> {
    const { name, timeoutSeconds } = this.settings;
    const order = { server: name, tool, args, context, timeoutMs: timeoutSeconds * 1_000 };
    for (let attempt = 1; ; attempt += 1) {
      const client = await this.clientFor(context.signal);
      if (!client) return { output: `The MCP server '${name}' is not available now.`, isError: true };
      const outcome = await this.callOver(client, order);
      // The server did not know the session, so it did nothing: once more, in a new one.
      if (outcome.kind !== 'session_gone' || attempt > 1) return outcome.result;
      this.failures = 0;
    }
  }

  private async callOver(client: Client, order: CallOrder): Promise<CallOutcome> {
    this.underWay.set(client, (this.underWay.get(client) ?? 0) + 1);
    try {
      const outcome = await callTool(client, order);
      if (outcome.kind !== 'answered') this.lost(client);
      return outcome;
    } finally {
      const left = (this.underWay.get(client) ?? 1) - 1;
      if (left > 0) this.underWay.set(client, left);
      else this.underWay.delete(client);
      this.closeUnused(client);
    }
  }

  /** The connection, or the one being made. Undefined while the server is known to be away. */
  private async clientFor(signal: AbortSignal): Promise<Client | undefined> {
    signal.throwIfAborted();
    if (this.connection) return this.connection.client;
    if (!this.connecting && this.failures > 0) return undefined;
    const aborted = new Promise<never>((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
    );
    return Promise.race([this.open().catch(() => undefined), aborted]);
  }

  private open(): Promise<Client> {
    if (this.stop.signal.aborted) return Promise.reject(this.stop.signal.reason as Error);
    clearTimeout(this.retry);
    this.connecting ??= this.openNow().finally(() => (this.connecting = undefined));
    return this.connecting;
  }

  private async openNow(): Promise<Client> {
    try {
      const client = await connect(this.settings, this.parts, {
        onToolsChanged: (changed) => void this.refresh(changed),
        onClose: (closed) => this.lost(closed),
        signal: this.stop.signal,
      });
      this.connection = { client, since: Date.now() };
      await this.takeTools(client);
      return client;
    } catch (cause) {
      this.warn(`cannot be reached: ${(cause as Error).message}`);
      const client = this.connection?.client;
      this.connection = undefined;
      await client?.close().catch(() => undefined);
      this.failures += 1;
      this.retryLater();
      throw cause;
    }
  }

  private async takeTools(client: Client): Promise<void> {
    const { signal } = this.stop;
    const found = await listTools(client, { timeout: this.settings.connectTimeoutSeconds * 1_000, signal });
    const execute =
      (tool: string): Tool['execute'] =>
      (args, context) =>
        this.call(tool, args, context);
    const { tools, refused } = offeredTools(this.settings, found, execute);
    this.offered = tools;
    refused.forEach((why) => this.warn(why));
  }

  /** The server says that its tools have changed. While they are being asked for, it may say so again and again. */
  private async refresh(client: Client): Promise<void> {
    this.isStale = true;
    if (this.isRefreshing) return;
    this.isRefreshing = true;
    try {
      while (this.isStale) {
        this.isStale = false;
        await this.takeTools(client);
      }
    } catch (cause) {
      // The tools stay as they were.
      this.warn(`did not tell its tools: ${(cause as Error).message}`);
      if (kindOf(cause, client) !== 'answered') this.lost(client);
      this.closeUnused(client);
    } finally {
      this.isRefreshing = false;
    }
  }

  /** Other calls over a connection that one call has given up may still be answered. */
  private closeUnused(client: Client): void {
    if (this.connection?.client === client || this.underWay.has(client)) return;
    client.close().catch(() => undefined);
  }

  private lost(client: Client): void {
    const { connection } = this;
    if (connection?.client !== client || this.stop.signal.aborted) return;
    this.connection = undefined;
    // While it is being opened, openNow() counts the failure.
    if (this.connecting) return;
    const wasGood = Date.now() - connection.since >= MCP_LIMITS.goodConnectionMs;
    this.failures = wasGood ? 0 : this.failures + 1;
    this.warn('was lost; it will be connected again');
    this.retryLater();
  }

  private retryLater(): void {
    if (this.stop.signal.aborted) return;
    const { retryMsMin, retryMsMax } = MCP_LIMITS;
    const wait = Math.min(retryMsMax, retryMsMin * 2 ** Math.max(0, this.failures - 1));
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.open().catch(() => undefined), wait);
    this.retry.unref();
  }

  private warn(text: string): void {
    this.parts.log({ server: this.name, level: 'warn', text });
  }
}
