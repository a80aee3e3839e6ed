import type { RunError } from '../errors.js';

export interface WorkerInfo {
  readonly id: string;
  readonly version: string;
  /** Most runs that the worker executes at the same time. */
  readonly capacity: number;
  /** Runs that it executed at its last heartbeat. */
  readonly active?: number;
  readonly models: readonly ModelInfo[];
  /** Names of the server tools that this worker can offer to runs. */
  readonly tools: readonly string[];
  /** `MODELS_UNKNOWN` of that worker: how it treats a name that is not in `models`. */
  readonly unknownModels: 'reject' | 'default' | 'passthrough';
  readonly defaultModel: string;
  /** The servers of models, in their order. Absent: a worker of an earlier version. */
  readonly upstreams?: readonly UpstreamState[];
  /** More on `tools`. Absent: a worker of an earlier version. */
  readonly toolInfos?: readonly ToolInfo[];
  /** The MCP servers that it connects to. Absent: a worker of an earlier version. */
  readonly mcpServers?: readonly McpServerState[];
}

/** What a worker knows of an upstream. */
export interface UpstreamState {
  readonly name: string;
  /** URL without credentials. Absent: the model is built in. */
  readonly address?: string;
  /** How many models it listed last. */
  readonly models: number;
  /** Why it lists no models now. Absent: it does. */
  readonly error?: RunError;
}

export interface ToolInfo {
  readonly name: string;
  readonly description: string;
  /** Whether somebody has to agree before a call; `by_arguments`: that depends on the call. */
  readonly approval: 'never' | 'always' | 'by_arguments';
  /** Whoever is limited to no toolset may use it. */
  readonly everywhere: boolean;
  /** The toolsets that it is in. */
  readonly toolsets: readonly string[];
  /** Name of the MCP server that has it. Absent: built in. */
  readonly mcpServer?: string;
}

export interface McpServerState {
  readonly name: string;
  readonly status: 'connecting' | 'connected' | 'away';
  /** How many of its tools may be offered. */
  readonly tools: number;
  /** Why it is away. */
  readonly error?: string;
}

export interface ModelInfo {
  readonly name: string;
  /** Name of the upstream that is asked first. */
  readonly upstream: string;
  /** Window for input and output together, in tokens. Absent when it is not known. */
  readonly contextTokens?: number;
  /** Bound of an answer when the caller names none. Absent when it is not known. */
  readonly outputTokens?: number;
  /** All that may answer under this name has a price. Absent: it has not, or the worker is of an earlier version. */
  readonly isPriced?: true;
}

/**
 * The workers that can execute runs. Workers announce themselves; the API uses this for its models and its readiness.
 */
export interface WorkerRegistry {
  announce(info: WorkerInfo): Promise<void>;
  /** What the worker offered is remembered, as of one that has been silent since. */
  leave(workerId: string): Promise<void>;
  /** All workers that announced themselves within the last day, and how long ago (ms) each did so last. */
  list(): Promise<readonly { readonly info: WorkerInfo; readonly silentMs: number }[]>;
}
