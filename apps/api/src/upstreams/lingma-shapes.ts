import type { WorkerInfo } from '#libs/contract';

/**
 * Fields by the names that clients and monitors of the Lingma gateway read, beside our own: `/healthz`,
 * `/internal/stats`, `/internal/models/raw`, `/internal/auto-login/*` and `/internal/session/export`. An instance there
 * is an upstream here.
 */

/** What these shapes take from a row of `GET /internal/upstreams`. */
export interface UpstreamRow {
  readonly name: string;
  readonly state: string;
  readonly in_flight: number;
  readonly bindings: number;
  readonly calls?: number | undefined;
  readonly failures?: number | undefined;
  readonly input_tokens?: number | undefined;
  readonly output_tokens?: number | undefined;
  readonly models: readonly { readonly state: string }[];
}

/** `ready` is the one state in which requests go there. */
export type InstanceState = 'ready' | 'cooling' | 'drained';

/** An upstream is out when each of its models is. */
export function instanceState({ state, models }: Pick<UpstreamRow, 'state' | 'models'>): InstanceState {
  if (state === 'drained') return 'drained';
  return models.length > 0 && models.every((model) => model.state === 'cooling') ? 'cooling' : 'ready';
}

/** GET /healthz. */
export interface HealthzFields {
  readonly ok: boolean;
  /** Unix time in seconds. */
  readonly time: number;
  readonly pool_size: number;
  readonly pool_ready: number;
  readonly instances: readonly { readonly name: string; readonly state: InstanceState; readonly in_flight: number }[];
  /** Why nothing is known. */
  readonly reason?: string;
}

/** For anybody: no names. @param rows undefined: it is not known. @param now ms since the epoch. */
export function healthzFields(rows: readonly UpstreamRow[] | undefined, now: number): HealthzFields {
  const time = Math.floor(now / 1_000);
  if (!rows) return { ok: false, time, pool_size: 0, pool_ready: 0, instances: [], reason: 'the pool is not known' };
  const instances = rows.map((row, i) => ({
    name: `upstream-${i + 1}`,
    state: instanceState(row),
    in_flight: row.in_flight,
  }));
  const ready = instances.filter(({ state }) => state === 'ready').length;
  return { ok: ready > 0, time, pool_size: instances.length, pool_ready: ready, instances };
}

/** GET /internal/stats. @param rows null: Redis cannot be asked. */
export function statsFields(rows: readonly UpstreamRow[] | null, inFlight: number) {
  const known = rows ?? [];
  const sum = (of: (row: UpstreamRow) => number | undefined): number =>
    known.reduce((total, row) => total + (of(row) ?? 0), 0);
  return {
    ok: true,
    stats: {
      requests_total: sum(({ calls }) => calls),
      requests_failed: sum(({ failures }) => failures),
      prompt_tokens_total: sum((row) => row.input_tokens),
      completion_tokens_total: sum((row) => row.output_tokens),
    },
    concurrency: { in_flight: inFlight },
    pool: known.map((row) => ({ name: row.name, state: instanceState(row), in_flight: row.in_flight })),
    // Caches are the upstreams' own here; what is kept is which session goes where.
    session_cache: { entries: sum(({ bindings }) => bindings) },
  };
}

/** GET /internal/models/raw, of one instance. */
export function rawModelsFields(workers: readonly WorkerInfo[], instance: string) {
  const found = workers.flatMap(({ models }) => models.filter(({ upstream }) => upstream === instance));
  const raw = [...new Map(found.map((model) => [model.name, model])).values()];
  const keys = raw.map(({ name }) => name);
  return {
    instance,
    raw: { models: raw.map(({ name }) => ({ key: name, displayName: name })) },
    extracted_name_map: Object.fromEntries(keys.map((key) => [key, key])),
    exposed_keys: keys,
  };
}

/** POST /internal/session/export. */
export function exportFields(instance: string, bundle: string) {
  return {
    instance,
    account: '',
    raw_bytes: Buffer.byteLength(bundle),
    bundle_b64: Buffer.from(bundle).toString('base64'),
  };
}
