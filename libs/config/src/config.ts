/** The whole configuration as one checked value. Apps read it once in main.ts and pass parts of it down. */
export interface Config {
  readonly api: ApiConfig;
  readonly auth: AuthConfig;
  readonly redis: RedisConfig;
  readonly store: StoreConfig;
  readonly worker: WorkerConfig;
  readonly models: ModelsConfig;
  readonly agent: AgentConfig;
  readonly log: { readonly level: string; readonly pretty: boolean };
}

export interface ApiConfig {
  readonly host: string;
  readonly port: number;
  readonly corsOrigins: readonly string[];
  /** Extra names that may stand in the Host header while the API listens on loopback. */
  readonly allowedHosts: readonly string[];
  readonly bodyBytesMax: number;
  /** Characters (UTF-16 units) of one message's text. */
  readonly messageCharsMax: number;
  readonly sseKeepaliveMs: number;
  /** Runs that may wait for a worker before new ones are refused with 429. */
  readonly queuedMax: number;
  /** Runs of this process that may be waited for at the same time. */
  readonly inFlightMax: number;
  readonly drainSeconds: number;
}

export interface ApiKey {
  readonly name: string;
  readonly key: string;
  readonly role: 'user' | 'admin';
}

export interface AuthConfig {
  /** Empty: no key is asked for; only allowed on a loopback address. */
  readonly keys: readonly ApiKey[];
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
  /** Where the API finds the store service. */
  readonly url: string;
  /** Shared secret between API and store; asked for by the store when set. */
  readonly token?: string;
  /** Postgres; absent: PGlite in `${dataDir}/pglite`. */
  readonly databaseUrl?: string;
  readonly dataDir: string;
}

export interface WorkerConfig {
  readonly concurrency: number;
  readonly healthHost: string;
  readonly healthPort: number;
  readonly schedulerHealthPort: number;
  /** How long running runs may go on after SIGTERM before they are handed back. */
  readonly drainSeconds: number;
}

/** One place where models are served. */
export interface UpstreamConfig {
  readonly name: string;
  readonly provider: 'openai' | 'anthropic' | 'demo';
  readonly baseUrl?: string;
  readonly apiKey?: string;
  /** Attempts after the first, before the first token. */
  readonly retriesMax: number;
  /** Until the first byte of the answer. */
  readonly firstByteTimeoutMs: number;
  /** Between two chunks. */
  readonly idleTimeoutMs: number;
}

/** A model name that clients may ask for, and where it leads. */
export interface RouteConfig {
  readonly name: string;
  readonly upstream: string;
  readonly model: string;
  /** Names of other routes, asked in this order when this one fails before its first event. */
  readonly fallback: readonly string[];
}

export interface ModelsConfig {
  /** The advertised default model. */
  readonly defaultName: string;
  /** The upstream model behind the default name; absent: the first one listed. */
  readonly defaultModel?: string;
  readonly unknown: 'reject' | 'default' | 'passthrough';
  readonly upstreams: readonly UpstreamConfig[];
  readonly routes: readonly RouteConfig[];
  /** Model names that stand in for every discovered model, in this order. */
  readonly fallback: readonly string[];
}

export interface AgentConfig {
  /** Core system prompt; empty for none. */
  readonly systemPrompt: string;
  readonly stepsMax: number;
  readonly runSecondsMax: number;
  /** Names of the server tools that models are offered. */
  readonly tools: readonly string[];
  /** Host names or CIDR blocks that the http_fetch tool may reach although they are private. */
  readonly fetchAllowedHosts: readonly string[];
}
