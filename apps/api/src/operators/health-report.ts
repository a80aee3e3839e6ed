import { QUEUE_NAMES, type DeploymentFacts, type QueueFacts, type QueueName } from '#libs/bus';
import type { StoreConfig } from '#libs/config';
import { LIMITS, type McpServerState, type WorkerInfo, type WorkerRegistry } from '#libs/contract';
import { upstreamsOf } from '../runs/worker-facts.js';
import type { Drain } from '#libs/platform';
import type { ApiMeters } from '../edge/api-meters.js';

const STORE_LOOK_MS_MAX = 2_000;

interface Seen {
  readonly status: 'up' | 'down';
}

/** The state of the deployment as one API process sees it. */
export interface HealthReport {
  /** `degraded`: something but an MCP server is down, or no worker is alive, or this process is draining. */
  readonly status: 'ok' | 'degraded';
  readonly version: string;
  readonly node: string;
  readonly uptime_seconds: number;
  readonly draining: boolean;
  readonly in_flight: number;
  readonly listeners: number;
  readonly redis: Seen & { readonly latency_ms?: number };
  readonly store: Seen;
  readonly queues: Partial<Record<QueueName, object>>;
  readonly runs_unconfirmed?: object;
  readonly workers: readonly object[];
  readonly upstreams: readonly UpstreamSeen[];
  readonly mcp_servers: readonly object[];
}

/** A server of models, as the workers alive see it. */
interface UpstreamSeen extends Seen {
  readonly name: string;
  /** URL without credentials; null: built in. */
  readonly address: string | null;
  /** That it listed last. */
  readonly models: number;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface HealthReportParts {
  readonly version: string;
  readonly facts: DeploymentFacts;
  readonly registry: Pick<WorkerRegistry, 'list'>;
  readonly store: Pick<StoreConfig, 'url'>;
  readonly drain: Drain;
  readonly meters: ApiMeters;
}

/** Asks all parts at the same time. A part that does not answer counts as down. The report itself never fails. */
export async function healthReport(parts: HealthReportParts): Promise<HealthReport> {
  const { version, facts, registry, drain, meters } = parts;
  const [latency, store, unconfirmed, workers, ...queues] = await Promise.all([
    known(facts.redisLatency()),
    storeState(parts.store.url),
    known(facts.unconfirmed()),
    known(registry.list()),
    ...QUEUE_NAMES.map((name) => known(facts.queue(name))),
  ]);
  const alive = (workers ?? []).filter(({ silentMs }) => silentMs <= LIMITS.workerSilentMsMax);
  const infos = alive.map(({ info }) => info);
  const upstreams = upstreamReport(infos);
  const isServed = alive.length > 0 && upstreams.every(({ status }) => status === 'up');
  const isWhole = latency !== undefined && store.status === 'up' && isServed && !drain.draining;
  return {
    status: isWhole ? 'ok' : 'degraded',
    version,
    node: process.version,
    uptime_seconds: Math.round(process.uptime()),
    draining: drain.draining,
    ...meters.sizes(),
    redis: latency === undefined ? { status: 'down' } : { status: 'up', latency_ms: Number(latency.toFixed(2)) },
    store,
    queues: Object.fromEntries(QUEUE_NAMES.map((name, i) => [name, queueReport(queues[i])])),
    ...(unconfirmed && {
      runs_unconfirmed: { count: unconfirmed.runs, oldest_seconds: seconds(unconfirmed.oldestMs) },
    }),
    workers: (workers ?? []).map(({ info, silentMs }) => ({
      id: info.id,
      version: info.version,
      alive: silentMs <= LIMITS.workerSilentMsMax,
      silent_seconds: seconds(silentMs),
      capacity: info.capacity,
      active: info.active ?? null,
      models: info.models.map(({ name }) => name),
    })),
    upstreams,
    mcp_servers: mcpReport(infos),
  };
}

/** A list that a server does not have (404) is no outage: its models may be named in the settings. */
const WITHOUT_LIST: ReadonlySet<string> = new Set(['upstream_refused', 'upstream_invalid']);

function upstreamReport(infos: readonly WorkerInfo[]): UpstreamSeen[] {
  return upstreamsOf(infos).map(({ name, address, models, error }) => ({
    name,
    status: error && !WITHOUT_LIST.has(error.code) ? 'down' : 'up',
    address: address ?? null,
    models,
    error: error ? { code: error.code, message: error.message } : null,
  }));
}

/** Each worker has connections of its own: a server counts as away when it is so for one of them. */
function mcpReport(infos: readonly WorkerInfo[]): object[] {
  const worst = new Map<string, McpServerState>();
  for (const state of infos.flatMap(({ mcpServers = [] }) => mcpServers)) {
    if (state.status !== 'connected' || !worst.has(state.name)) worst.set(state.name, state);
  }
  return [...worst.values()].map(({ name, status, tools, error }) => ({ name, status, tools, error: error ?? null }));
}

function queueReport(facts: QueueFacts | undefined): object {
  if (!facts) return { status: 'down' };
  return { status: 'up', ...facts.jobs, oldest_wait_seconds: seconds(facts.oldestWaitMs) };
}

const seconds = (ms: number): number => Number((ms / 1_000).toFixed(1));

async function known<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch {
    return undefined;
  }
}

async function storeState(url: string): Promise<Seen> {
  const look = fetch(new URL('/health/ready', url), {
    redirect: 'error',
    signal: AbortSignal.timeout(STORE_LOOK_MS_MAX),
  }).then(async (answer) => {
    await answer.body?.cancel();
    return answer.ok;
  });
  return { status: (await known(look)) === true ? 'up' : 'down' };
}
