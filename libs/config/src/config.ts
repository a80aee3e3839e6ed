import type { ModelPrice, UpstreamSettings } from '#libs/contract';
import type { MessengerConfig } from './messenger-config.js';

/** The whole configuration as one checked value. Apps read it once in main.ts and pass parts of it on. */
export interface Config {
  readonly api: ApiConfig;
  readonly auth: AuthConfig;
  readonly redis: RedisConfig;
  readonly store: StoreConfig;
  readonly worker: WorkerConfig;
  readonly models: ModelsConfig;
  readonly agent: AgentConfig;
  readonly tools: ToolsConfig;
  readonly jobs: JobsConfig;
  readonly approvals: ApprovalsConfig;
  readonly messenger: MessengerConfig;
  readonly log: { readonly level: string; readonly pretty: boolean };
  readonly metrics: MetricsConfig;
  /** Absent: this deployment does not trace. */
  readonly tracing?: TracingConfig;
}

/** Where traces go, and what is told. */
export interface TracingConfig {
  /** With its path. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, string>>;
  readonly serviceName?: string;
  /** Share of the traces that begin here, 0 to 1. */
  readonly ratio: number;
  readonly withContent: boolean;
}

export interface MetricsConfig {
  /** The token that a scraper of `/metrics` sends. Absent and not public: the route does not exist. */
  readonly token?: string;
  readonly isPublic: boolean;
}

export interface ApiConfig {
  readonly host: string;
  readonly port: number;
  readonly corsOrigins: readonly string[];
  /** Additional names for the Host header while the API listens on loopback. */
  readonly allowedHosts: readonly string[];
  readonly bodyBytesMax: number;
  /** Characters (UTF-16 units) of one message's text. */
  readonly messageCharsMax: number;
  /** The form in which Responses shows calls that the gateway executes. */
  readonly responsesServerCalls: 'mcp_call' | 'function_call';
  readonly sseKeepaliveMs: number;
  /** Without any worker, before requests that wait get 503; 0: they wait on. */
  readonly noWorkerSeconds: number;
  /** Runs that may wait for a worker before new ones are refused with 429. */
  readonly queuedMax: number;
  /** Of one key in one lane. */
  readonly queuedPerKeyMax: number;
  /** Bytes of requests that Redis holds for one key. */
  readonly orderBytesPerKeyMax: number;
  /** Runs that this process may wait for at the same time. */
  readonly inFlightMax: number;
  readonly inFlightPerKeyMax: number;
  /** Requests that listen to runs at the same time; each of them may be idle for hours. */
  readonly listenersMax: number;
  readonly listenersPerKeyMax: number;
  /** Bytes of bodies and messages on their way in that this process holds at the same time. */
  readonly receivingBytesMax: number;
  readonly receivingBytesPerKeyMax: number;
  /** Sockets of clients that this process holds at the same time. */
  readonly connectionsMax: number;
  readonly drainSeconds: number;
  /** How long API and store take requests after SIGTERM, while they say that they are not ready. */
  readonly drainDelaySeconds: number;
  /** The queue dashboard may change jobs; only matters with an admin token. */
  readonly queueDashboardWrite: boolean;
}

export interface ApiKey {
  readonly name: string;
  readonly key: string;
  readonly role: 'user' | 'admin';
}

/** Limits of one key, in place of the general ones. */
export interface KeyLimits {
  readonly queuedMax?: number;
  readonly inFlightMax?: number;
}

/** The limits of the key with that name. */
export interface NamedLimits extends KeyLimits {
  readonly name: string;
}

export interface AuthConfig {
  /** Empty: no key is required, which is allowed on a loopback address only. Read for the API only. */
  readonly keys: readonly ApiKey[];
  /** Limits of the keys that have their own. */
  readonly limits: readonly NamedLimits[];
  readonly adminToken?: string;
}

export interface RedisConfig {
  readonly url: string;
  /** First part of every key, so that deployments can share a server. */
  readonly prefix: string;
}

export interface StoreConfig {
  /** Where the store service listens; the internal reads are plain HTTP. */
  readonly host: string;
  readonly port: number;
  /** Where API, worker and scheduler find the store service. */
  readonly url: string;
  /** The store requires this token when it is set, and the other services send it. */
  readonly token?: string;
  /** Postgres; absent: PGlite in `${dataDir}/pglite`. */
  readonly databaseUrl?: string;
  readonly dataDir: string;
  /** Age at which rows are deleted; 0: never. */
  readonly retentionDays: number;
  /** Runs kept per API key; 0: no bound. */
  readonly retentionRunsMax: number;
}

export interface WorkerConfig {
  readonly concurrency: number;
  readonly healthHost: string;
  readonly healthPort: number;
  readonly schedulerHealthPort: number;
  /** How long runs under way may continue after SIGTERM before they are handed back. */
  readonly drainSeconds: number;
}

/** A model name that clients may ask for, and where it leads. */
export interface RouteConfig {
  readonly name: string;
  readonly upstream: string;
  /** Several upstreams that serve the model together; `upstream` is the first of them. Absent: `upstream` alone. */
  readonly pool?: readonly string[];
  readonly model: string;
  /** Names of other routes, asked in this order when this one fails before its first event. */
  readonly fallback: readonly string[];
  /** Window of the model for input and output together. Absent when it is not known. */
  readonly contextTokens?: number;
  /** Bound of an answer when the caller names none and the API requires one. */
  readonly outputTokens?: number;
  readonly price?: ModelPrice;
}

/** A name that is built into clients, and the model that answers for it. */
export interface AliasConfig {
  /** A name, or the beginning of names followed by `*`. */
  readonly name: string;
  readonly model: string;
}

export interface ModelsConfig {
  /** The first alias that matches a name without a model counts. */
  readonly aliases?: readonly AliasConfig[];
  /** The advertised default model. */
  readonly defaultName: string;
  /** The upstream model behind the default name; absent: the first one listed. */
  readonly defaultModel?: string;
  readonly unknown: 'reject' | 'default' | 'passthrough';
  /** How long a model whose last worker has gone is still queued for, while other workers live. */
  readonly rememberedSeconds: number;
  readonly upstreams: readonly UpstreamSettings[];
  readonly routes: readonly RouteConfig[];
  /** Model names that stand in for every discovered model, in this order. */
  readonly fallback: readonly string[];
  /** Encrypts keys that renew themselves; read for the worker only. */
  readonly credentialsKey?: string;
  /** The encrypted keys may be given out. */
  readonly exportsCredentials?: true;
}

export interface JobsConfig {
  /** Cron jobs that one API key may have. */
  readonly jobsPerOwnerMax: number;
  /** Signs deliveries to webhooks. Absent: there are no such deliveries. */
  readonly webhookSecret?: string;
  /** Host names or CIDR blocks that webhooks may reach although they are private. */
  readonly webhookAllowedHosts: readonly string[];
}

export interface AgentConfig {
  /** Core system prompt; empty for none. */
  readonly systemPrompt: string;
  readonly stepsMax: number;
  readonly runSecondsMax: number;
  /** Server tools that models are offered unless a toolset says otherwise; a name may end in `*`. */
  readonly tools: readonly string[];
  /** Whether a request with its own tools is offered the server tools as well. */
  readonly toolsBesideClientTools: 'offer' | 'omit';
  /** Folder of the workspaces of sessions. Several workers share it. */
  readonly workspaceDir: string;
  /** Days after which a workspace that nobody used is removed. */
  readonly workspaceDaysMax: number;
  /** Program and arguments that run a command of the terminal tool; `{workspace}` in them is its folder. */
  readonly terminalCommand: readonly string[];
  /** PATH of the terminal tool's commands. */
  readonly terminalPath: string;
  /** Host names or CIDR blocks that the http_fetch tool may reach although they are private. */
  readonly fetchAllowedHosts: readonly string[];
}

/** Names of tools, in a list that keys and models can refer to; a name may end in `*`. */
export interface ToolsetConfig {
  readonly name: string;
  readonly tools: readonly string[];
}

/** A key or a model, and the toolsets that it is limited to. */
export interface ToolsetUse {
  readonly name: string;
  readonly toolsets: readonly string[];
}

export interface ToolsConfig {
  readonly toolsets: readonly ToolsetConfig[];
  readonly byKey: readonly ToolsetUse[];
  readonly byModel: readonly ToolsetUse[];
  readonly mcpServers: readonly McpServerConfig[];
}

/** A Model Context Protocol server whose tools are offered as `name__tool`. */
export interface McpServerConfig {
  readonly name: string;
  readonly transport:
    | {
        readonly kind: 'stdio';
        readonly command: string;
        readonly args: readonly string[];
        /** The whole environment of the program. */
        readonly env: Readonly<Record<string, string>>;
      }
    | { readonly kind: 'http'; readonly url: string; readonly headers: Readonly<Record<string, string>> };
  /** The server's own names of the tools to take over; a name may end in `*`. Absent: all. */
  readonly tools?: readonly string[];
  /** Time limit of one call. */
  readonly timeoutSeconds: number;
  /** How long the result of a task is waited for: a call that the server answers with a handle. */
  readonly taskTimeoutSeconds: number;
  /** Time limit of the handshake and of the list of tools: a program may have to be fetched and started first. */
  readonly connectTimeoutSeconds: number;
  /** Whether images in results go to the model. Otherwise it reads that there were some. */
  readonly images: boolean;
  readonly approval: 'never' | 'always';
}

/** Calls that a user must approve. */
export interface ApprovalsConfig {
  /** A request that is unanswered for this time counts as denied. */
  readonly timeoutSeconds: number;
  /** What becomes of a call that waits, where the client may not be able to show that it does. */
  readonly inChat: 'say' | 'deny' | 'wait';
  /** The first rule that matches a call decides; without one the tool's own default counts. */
  readonly rules: readonly ApprovalRule[];
}

export interface ApprovalRule {
  /** Name of a tool; `*` stands for any characters. */
  readonly tool: string;
  /** Searched in the arguments, written as JSON without spaces. Absent: any arguments match. */
  readonly match?: RegExp;
  readonly policy: 'never' | 'always';
}
