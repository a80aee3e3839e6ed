import { healthzFields, instanceState, type HealthzFields, type InstanceState } from './lingma-shapes.js';
import type { UpstreamDesk } from './upstream-desk.js';

/** One upstream, as anybody may see it: neither its name nor an address. */
interface Instance {
  readonly instance: number;
  readonly state: InstanceState;
  readonly in_flight: number;
}

/** How the upstreams are, for monitors of the Lingma gateway. */
export interface PoolStateObject extends HealthzFields {
  /** `degraded`: no upstream is ready, or it is not known. */
  readonly status: 'ok' | 'degraded';
  readonly version: string;
  /** null: Redis cannot be asked. */
  readonly pool: { readonly size: number; readonly ready: number; readonly instances: readonly Instance[] } | null;
}

/** So long one look is good for everybody: the route is open, and a flood of requests is a few looks at Redis. */
const GOOD_FOR_MS = 2_000;

/** @returns the state, which never rejects. */
export function poolState(desk: UpstreamDesk, version: string): () => Promise<PoolStateObject> {
  let last: { readonly at: number; readonly state: Promise<PoolStateObject> } | undefined;
  return () => {
    const now = performance.now();
    if (!last || now - last.at > GOOD_FOR_MS) last = { at: now, state: lookAt(desk, version) };
    return last.state;
  };
}

async function lookAt(desk: UpstreamDesk, version: string): Promise<PoolStateObject> {
  try {
    const rows = await desk.rows();
    const instances = rows.map((row, i): Instance => {
      return { instance: i + 1, state: instanceState(row), in_flight: row.in_flight };
    });
    const theirs = healthzFields(rows, Date.now());
    const pool = { size: theirs.pool_size, ready: theirs.pool_ready, instances };
    return { status: theirs.ok ? 'ok' : 'degraded', version, pool, ...theirs };
  } catch {
    return { status: 'degraded', version, pool: null, ...healthzFields(undefined, Date.now()) };
  }
}
