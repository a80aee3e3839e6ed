import { setTimeout as sleep } from 'node:timers/promises';

export interface UpstreamLook {
  /** Of the API, without a path. */
  readonly origin: string;
  /** One that the API takes. Absent: it takes anybody. */
  readonly key?: string | undefined;
  readonly signal: AbortSignal;
}

/** What is said beside "ready" about the servers of models. */
export interface UpstreamLines {
  readonly serving: readonly string[];
  readonly failing: readonly string[];
}

interface UpstreamSeen {
  readonly name: string;
  readonly address: string | null;
  readonly models: number;
  readonly error: { readonly message: string } | null;
}

const ANSWER_MS_MAX = 3_000;
const LOOKS_MAX = 10;
const PAUSE_MS = 300;

/**
 * Asks the API which upstreams serve, and why one does not. Empty where that cannot be known: this is information, and
 * no condition of the start. Throws the signal's reason after an abort.
 */
export async function upstreamLines({ origin, key, signal }: UpstreamLook): Promise<UpstreamLines> {
  for (let look = 1; look <= LOOKS_MAX; look++) {
    const upstreams = await askFor(origin, key, signal);
    // The API reads what workers say every two seconds.
    if (upstreams === undefined || upstreams.length > 0) return linesOf(upstreams ?? []);
    await sleep(PAUSE_MS, undefined, { signal });
  }
  return linesOf([]);
}

async function askFor(
  origin: string,
  key: string | undefined,
  signal: AbortSignal,
): Promise<readonly UpstreamSeen[] | undefined> {
  try {
    const answer = await fetch(`${origin}/health/detailed`, {
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]),
    });
    const report = (await answer.json()) as { readonly upstreams?: readonly UpstreamSeen[] } | null;
    const upstreams = report?.upstreams;
    return answer.ok && Array.isArray(upstreams) ? (upstreams as readonly UpstreamSeen[]) : undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

function linesOf(upstreams: readonly UpstreamSeen[]): UpstreamLines {
  const real = upstreams.filter(({ address }) => address !== null);
  return {
    serving: real.flatMap(({ name, address, models, error }) =>
      error ? [] : [`Upstream '${name}' (${address}) serves ${models === 1 ? '1 model' : `${models} models`}.`],
    ),
    failing: real.flatMap(({ error }) => (error ? [error.message] : [])),
  };
}
