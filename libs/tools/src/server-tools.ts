import type { McpServerState, Tool, ToolInfo } from '#libs/contract';
import { McpServers } from './mcp/mcp-servers.js';
import type { McpLog, McpServerSettings } from './mcp/mcp-settings.js';
import { LiveTrees } from './processes/live-trees.js';
import { killOrphans } from './processes/process-group.js';
import { checkToolList, createTools, type BuiltInSettings } from './registry.js';
import { allPatterns, isNamed, mayUse, type ToolPatterns, type ToolsetSettings, type ToolsetUser } from './toolsets.js';
import { sweepWorkspaces } from './workspace/sweep.js';

export interface ToolSettings extends BuiltInSettings {
  readonly toolsets: ToolsetSettings;
  readonly mcpServers: readonly McpServerSettings[];
  /** Days after which a workspace that nobody used is removed. */
  readonly workspaceDaysMax: number;
  /** Whether a request with its own tools is offered the server tools as well. */
  readonly besideClientTools: 'offer' | 'omit';
  /** Version of this gateway, which MCP servers are told. */
  readonly version: string;
}

/** The facts that decide which tools a run is offered. */
export interface ToolUser extends ToolsetUser {
  /** The caller's own. */
  readonly tools: readonly unknown[];
}

/** How long the first runs of a worker wait for MCP servers that are still being connected. */
const FIRST_CONNECTION_MS = 5_000;
/** Of a description, in the worker's announcement: it is sent every few seconds. */
const INFO_CHARS_MAX = 300;
const SWEEP_EVERY_MS = 3_600_000;

/** The tools of a worker: who may use which, their running programs, and their end. */
export class ServerTools {
  private readonly live = new LiveTrees();
  private readonly builtIn: readonly Tool[];
  private readonly mcp: McpServers;
  private readonly patterns: ToolPatterns;
  private sweep: NodeJS.Timeout | undefined;
  private isConnected = false;

  /** Throws an Error that names the fault: a malformed setting, or a tool that does not exist. */
  constructor(
    private readonly settings: ToolSettings,
    private readonly log: McpLog,
  ) {
    this.builtIn = createTools(settings, this.live);
    checkToolList(this.builtIn);
    this.mcp = new McpServers(settings.mcpServers, { live: this.live, log, version: settings.version });
    this.patterns = allPatterns(settings.toolsets);
    for (const { tools } of [{ tools: this.patterns }, ...settings.toolsets.toolsets]) this.assertKnown(tools);
    for (const name of this.mcp.names()) {
      const isUsed = this.patterns.some((pattern) => couldName(pattern, `${name}__`));
      if (!isUsed) log({ server: name, level: 'warn', text: unusedText(name) });
    }
  }

  /** Connects MCP servers, ends processes of killed workers, removes old workspaces: all in the background. */
  start(): void {
    void killOrphans();
    this.mcp.start();
    const { workspaceDir, workspaceDaysMax } = this.settings;
    const sweep = (): void =>
      void sweepWorkspaces(workspaceDir, workspaceDaysMax).catch((cause: Error) =>
        this.log({ server: 'workspaces', level: 'warn', text: `could not be swept: ${cause.message}` }),
      );
    sweep();
    this.sweep = setInterval(sweep, SWEEP_EVERY_MS);
    this.sweep.unref();
  }

  /** Names of the tools that some run may be offered now, for the worker's announcement. */
  names(): string[] {
    return this.all().flatMap(({ name }) => (isNamed(name, this.patterns) ? [name] : []));
  }

  /**
   * More on them: what they do, whether somebody has to agree, and where they come from.
   * @param approvalOf what the operator's policy makes of a tool.
   */
  infos(approvalOf: (tool: Tool) => ToolInfo['approval']): ToolInfo[] {
    const { everywhere, toolsets } = this.settings.toolsets;
    const named = this.all().filter(({ name }) => isNamed(name, this.patterns));
    return named.map((tool) => {
      const { name } = tool;
      // Built-in names have no `__`, and names of servers no `_` (McpServerSettings).
      const mcpServer = this.mcp.names().find((server) => name.startsWith(`${server}__`));
      return {
        name,
        description: tool.description.slice(0, INFO_CHARS_MAX),
        approval: approvalOf(tool),
        everywhere: isNamed(name, everywhere),
        toolsets: toolsets.filter((set) => isNamed(name, set.tools)).map((set) => set.name),
        ...(mcpServer !== undefined && { mcpServer }),
      };
    });
  }

  /** The MCP servers and whether they answer. */
  mcpStates(): readonly McpServerState[] {
    return this.mcp.states();
  }

  /** The tools that a run may use. Waits for MCP servers only during their first connection. */
  async toolsFor(run: ToolUser): Promise<readonly Tool[]> {
    if (run.tools.length > 0 && this.settings.besideClientTools === 'omit') return [];
    if (!this.isConnected) {
      await this.mcp.settled(FIRST_CONNECTION_MS);
      this.isConnected = true;
    }
    const allowed = mayUse(this.settings.toolsets, run);
    return this.all().filter(({ name }) => allowed(name));
  }

  /** Ends every running program of a tool or an MCP server. */
  async close(): Promise<void> {
    clearInterval(this.sweep);
    await this.mcp.close();
    await this.live.close();
  }

  private all(): readonly Tool[] {
    return [...this.builtIn, ...this.mcp.tools()];
  }

  private assertKnown(patterns: ToolPatterns): void {
    const names = this.builtIn.map(({ name }) => name);
    for (const pattern of patterns) {
      const servers = this.mcp.names().map((name) => `${name}__`);
      const isKnown =
        names.some((name) => isNamed(name, [pattern])) || servers.some((name) => couldName(pattern, name));
      if (!isKnown)
        throw new Error(
          `There is no tool '${pattern}'. Known tools: ${[...names, ...servers.map((name) => `${name}*`)].join(', ')}.`,
        );
    }
  }
}

function unusedText(server: string): string {
  return (
    `mcp ${server}: its tools are not offered, because no list names them: ` +
    `add '${server}__*' to agent.tools (TOOLS) or to a toolset`
  );
}

/** Whether a pattern can match a name that begins with `prefix`. */
function couldName(pattern: string, prefix: string): boolean {
  return pattern.startsWith(prefix) || (pattern.endsWith('*') && prefix.startsWith(pattern.slice(0, -1)));
}
