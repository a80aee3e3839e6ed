import type { UsageObject } from './run.js';

/** The parts of GET /v1/capabilities on which a client bases decisions. */
export type Capabilities = {
  readonly platform: string;
  readonly version: string;
  readonly model: string | null;
  readonly auth: { readonly type: string; readonly required: boolean };
};

/** GET /health/detailed: the state of the deployment as one API process sees it. */
export type ServiceReport = {
  readonly status: 'ok' | 'degraded';
  readonly version: string;
  readonly node: string;
  readonly uptime_seconds: number;
  readonly draining: boolean;
  readonly in_flight: number;
  readonly listeners: number;
  readonly redis: { readonly status: 'up' | 'down'; readonly latency_ms?: number };
  readonly store: { readonly status: 'up' | 'down' };
  readonly queues: { readonly [name: string]: QueueReport };
  readonly runs_unconfirmed?: { readonly count: number; readonly oldest_seconds: number };
  readonly workers: readonly WorkerReport[];
  /** The servers of models. `address` null: built in. */
  readonly upstreams: readonly {
    readonly name: string;
    readonly status: 'up' | 'down';
    readonly address: string | null;
    readonly models: number;
    readonly error: { readonly code: string; readonly message: string } | null;
  }[];
  readonly mcp_servers: readonly {
    readonly name: string;
    readonly status: 'connecting' | 'connected' | 'away';
    readonly tools: number;
    readonly error: string | null;
  }[];
};

/** `waiting` and similar fields are numbers of jobs, by their state. */
export type QueueReport = {
  readonly status: 'up' | 'down';
  readonly waiting?: number;
  readonly prioritized?: number;
  readonly active?: number;
  readonly delayed?: number;
  readonly oldest_wait_seconds?: number;
};

export type WorkerReport = {
  readonly id: string;
  readonly version: string;
  readonly alive: boolean;
  readonly silent_seconds: number;
  readonly capacity: number;
  readonly active: number | null;
  readonly models: readonly string[];
};

/** What one key used of one model on one day (UTC). `cost` is in the currency of the price list. */
export type UsageEntry = {
  readonly object: 'usage';
  readonly day: string;
  readonly key: string;
  readonly model: string;
  readonly runs: number;
  readonly usage: UsageObject;
  readonly cost: number | null;
};

/** A run of a session in which searched words were said. Times are seconds. */
export type SearchHit = {
  readonly object: 'search.hit';
  readonly session_id: string;
  readonly run_id: string;
  readonly title: string | null;
  readonly created_at: number;
  /** The words between `**`, with some of what stands around them. */
  readonly snippet: string;
};

/** A model as GET /v1/models lists it. */
export type ModelObject = {
  readonly id: string;
  readonly object: 'model';
  /** What it takes in and gives out together, in tokens. Absent: not known. */
  readonly context_length?: number;
};

/** One upstream in GET /internal/upstreams, as far as a page shows it. */
export type UpstreamObject = {
  readonly name: string;
  readonly provider: string;
  readonly state: 'serving' | 'drained';
  readonly in_flight: number;
  readonly models: readonly { readonly model: string; readonly state: string; readonly why: string | null }[];
  readonly calls: number;
  readonly failures: number;
  readonly cache_hit_rate: number | null;
  readonly first_token_ms: number | null;
};
