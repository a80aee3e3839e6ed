import type { Client, Tool as McpToolInfo } from '@modelcontextprotocol/client';
import {
  causeText,
  type JsonObject,
  type McpServerState,
  type Tool,
  type ToolContext,
  type ToolResult,
} from '#libs/contract';
import { askAboutTask } from './ask-about-task.js';
import { callTool, kindOf, type CallOutcome } from './call-tool.js';
import { connect, type ConnectionOwner, type ConnectParts, type Verdict } from './connect.js';
import { listTools } from './list-tools.js';
import { MCP_LIMITS, type McpServerSettings } from './mcp-settings.js';
import { beginTask, resumeTask, type TaskOrder } from './tasks/follow-task.js';
import { keptTask } from './tasks/task-handle.js';
import { offeredTools } from './tools/offered-tools.js';
import { watchChanges } from './watch-changes.js';

interface Connection {
  readonly client: Client;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Aborted when another connection replaces this one. */
  readonly end: AbortController;
}

/**
 * One server and the connection to it, which is opened at start and opened again, with growing waits, whenever it is
 * lost. The server's last known tools stay offered meanwhile. A call of one then fails, and only that call.
 */
export class McpServer implements ConnectionOwner {
  private offered: readonly Tool[] = [];
  /** Milliseconds since the epoch: a run that begins later causes a new request for the list of tools. */
  private freshUntil = 0;
  private connection: Connection | undefined;
  private verdict: Verdict | undefined;
  /** Sentences about the list of tools that were logged, so that they are not logged again. */
  private noted = new Set<string>();
  /** Calls over each connection. A replaced connection is closed after its last call. */
  private readonly underWay = new Map<Client, number>();
  private connecting: Promise<Client> | undefined;
  private failures = 0;
  /** Why it is away; undefined while it is not. */
  private trouble: string | undefined;
  private retry: NodeJS.Timeout | undefined;
  private isRefreshing = false;
  private isStale = false;
  /** Aborted when the server is no longer needed. */
  private readonly stop = new AbortController();

  constructor(
    private readonly settings: McpServerSettings,
    private readonly parts: ConnectParts,
  ) {}

  get name(): string {
    return this.settings.name;
  }

  /**
   * The last known tools; none before the first connection. A list that is too old is used all the same, and requested
   * again in the background for later runs.
   */
  tools(): readonly Tool[] {
    if (this.connection && Date.now() > this.freshUntil) void this.refresh();
    return this.offered;
  }

  /** For operators. */
  state(): McpServerState {
    const { name, trouble, offered } = this;
    const isAway = trouble !== undefined && !this.connection;
    const status = this.connection && !this.connecting ? 'connected' : isAway ? 'away' : 'connecting';
    return { name, status, tools: offered.length, ...(isAway && { error: trouble }) };
  }

  /** Resolves when the first attempt to connect is over, whatever came of it. */
  async start(): Promise<void> {
    await this.open().catch(() => undefined);
  }

  /** Ends the connection and, over stdio, the program. */
  async close(): Promise<void> {
    this.stop.abort(new Error('closed'));
    this.connection?.end.abort();
    clearTimeout(this.retry);
    await this.connecting?.catch(() => undefined);
    const clients = new Set([...this.underWay.keys(), ...(this.connection ? [this.connection.client] : [])]);
    await Promise.all([...clients].map((client) => client.close().catch(() => undefined)));
  }

  // Called by the connection.

  readonly signal = this.stop.signal;

  onToolsChanged(client: Client): void {
    if (this.connection?.client === client) void this.refresh();
  }

  onClose(client: Client): void {
    this.lost(client);
  }

  onNote(note: string): void {
    if (this.noted.size >= MCP_LIMITS.notesMax) this.noted = new Set();
    if (this.noted.has(note)) return;
    this.noted.add(note);
    this.say('warn', note);
  }

  private async call(tool: McpToolInfo, args: JsonObject, context: ToolContext): Promise<ToolResult> {
    const { name, timeoutSeconds, images } = this.settings;
    const order = { server: name, tool, args, context, timeoutMs: timeoutSeconds * 1_000, images };
    const kept = keptTask(context);
    if (kept) return resumeTask(this.taskOrder(context), kept);
    for (let attempt = 1; ; attempt += 1) {
      const client = await this.clientFor(context.signal);
      if (!client) return { output: `The MCP server '${name}' is not available now.`, isError: true };
      const outcome = await this.over(client, () => callTool(client, order));
      if (outcome.task) return beginTask(this.taskOrder(context), outcome.task);
      // The server did not know the session, so it did nothing: the call is made once more, in a new session.
      if (outcome.kind !== 'session_gone' || attempt > 1) return outcome.result;
      this.failures = 0;
    }
  }

  private taskOrder(context: ToolContext): TaskOrder {
    const { name, timeoutSeconds, taskTimeoutSeconds, images } = this.settings;
    const ask: TaskOrder['ask'] = async (request, signal) => {
      const client = await this.clientFor(signal);
      const limits = { signal, timeoutMs: timeoutSeconds * 1_000 };
      return client && this.over(client, () => askAboutTask(client, request, limits));
    };
    return { server: name, context, images, taskMs: taskTimeoutSeconds * 1_000, ask };
  }

  /** Makes a request over this connection, and leaves the connection when that shows it to be lost. */
  private async over<O extends Pick<CallOutcome, 'kind'>>(client: Client, request: () => Promise<O>): Promise<O> {
    this.underWay.set(client, (this.underWay.get(client) ?? 0) + 1);
    try {
      const outcome = await request();
      if (outcome.kind !== 'answered') this.lost(client);
      return outcome;
    } finally {
      const left = (this.underWay.get(client) ?? 1) - 1;
      if (left > 0) this.underWay.set(client, left);
      else this.underWay.delete(client);
      this.closeUnused(client);
    }
  }

  /** The connection, or the one that is being opened. Undefined while the server is known to be away. */
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
      const { client, verdict } = await connect(
        { settings: this.settings, parts: this.parts, owner: this },
        this.verdict,
      );
      this.verdict = verdict;
      const connection = { client, since: Date.now(), end: new AbortController() };
      this.connection = connection;
      await this.takeTools(client);
      this.trouble = undefined;
      void watchChanges(client, connection.end.signal, () => void this.refresh());
      return client;
    } catch (cause) {
      this.trouble = causeText(cause);
      this.say('warn', `cannot be reached: ${this.trouble}`);
      // The server may have been replaced by one of another generation.
      this.verdict = undefined;
      const client = this.leave();
      await client?.close().catch(() => undefined);
      this.failures += 1;
      this.retryLater();
      throw cause;
    }
  }

  /** Stops using the connection for new calls. */
  private leave(): Client | undefined {
    const { connection } = this;
    this.connection = undefined;
    connection?.end.abort();
    return connection?.client;
  }

  private async takeTools(client: Client): Promise<void> {
    const { signal } = this.stop;
    const found = await listTools(client, { timeout: this.settings.connectTimeoutSeconds * 1_000, signal });
    const execute =
      (tool: McpToolInfo): Tool['execute'] =>
      (args, context) =>
        this.call(tool, args, context);
    const { tools, refused } = offeredTools(this.settings, found.tools, execute);
    const isNew = tools.map(({ name }) => name).join() !== this.offered.map(({ name }) => name).join();
    this.offered = tools;
    this.freshUntil = Date.now() + found.freshMs;
    if (isNew || tools.length === 0)
      this.say('info', `${tools.length} ${tools.length === 1 ? 'tool' : 'tools'} offered`);
    refused.forEach((why) => this.onNote(why));
  }

  /** Handles the server's message that its tools have changed. More such messages may arrive during the request. */
  private async refresh(): Promise<void> {
    this.isStale = true;
    if (this.isRefreshing) return;
    this.isRefreshing = true;
    while (this.isStale && this.connection) {
      this.isStale = false;
      await this.takeToolsAgain(this.connection.client);
    }
    this.isRefreshing = false;
  }

  private async takeToolsAgain(client: Client): Promise<void> {
    try {
      await this.takeTools(client);
    } catch (cause) {
      if (this.stop.signal.aborted) return;
      this.say('warn', `did not tell its tools, and those that are known stay: ${causeText(cause)}`);
      this.freshUntil = Date.now() + MCP_LIMITS.listMsDefault;
      if (kindOf(cause, client) !== 'answered') this.lost(client);
      this.closeUnused(client);
    }
  }

  /** Other calls over a connection that one call gave up may still be answered. */
  private closeUnused(client: Client): void {
    if (this.connection?.client === client || this.underWay.has(client)) return;
    client.close().catch(() => undefined);
  }

  private lost(client: Client): void {
    const { connection } = this;
    if (connection?.client !== client || this.stop.signal.aborted) return;
    this.leave();
    // During opening, openNow() counts the failure.
    if (this.connecting) return;
    const wasGood = Date.now() - connection.since >= MCP_LIMITS.goodConnectionMs;
    this.failures = wasGood ? 0 : this.failures + 1;
    this.trouble = 'the connection was lost';
    this.say('warn', `${this.trouble}; it will be made again`);
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

  private say(level: 'info' | 'warn', text: string): void {
    this.parts.log({ server: this.name, level, text: `mcp ${this.name}: ${text}` });
  }
}
