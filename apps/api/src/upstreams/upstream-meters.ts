import { METRICS, type Metrics } from '#libs/platform';
import type { UpstreamDesk } from './upstream-desk.js';

/** As a gauge with labels takes them. */
type Series = (readonly [Readonly<Record<string, string>>, number])[];
type Row = Awaited<ReturnType<UpstreamDesk['rows']>>[number];

/** A scrape reads several gauges; they share one look at Redis. */
const SHARED_MS = 1_000;

/**
 * The state of the upstreams as metrics: what `GET /internal/upstreams` shows. Every API tells the same, so take the
 * maximum. Labels are names and words from the settings, and words of closed sets.
 */
export function watchUpstreams(metrics: Metrics, desk: Pick<UpstreamDesk, 'rows'>): void {
  const rows = sharedFor(SHARED_MS, () => desk.rows());
  const each = (valueOf: (row: Row) => number | null) => async (): Promise<Series> =>
    (await rows()).flatMap((row) => {
      const value = valueOf(row);
      return value === null ? [] : [[{ upstream: row.name }, value] as const];
    });
  const eachModel =
    (valueOf: (model: Row['models'][number]) => readonly [Record<string, string>, number]) =>
    async (): Promise<Series> =>
      (await rows()).flatMap(({ name: upstream, models }) =>
        models.map((model) => {
          const [labels, value] = valueOf(model);
          return [{ upstream, model: model.model, ...labels }, value] as const;
        }),
      );
  metrics.gauges(
    METRICS.upstreamState,
    eachModel(({ state, why }) => [{ state, reason: why ?? '' }, 1]),
  );
  metrics.gauges(
    METRICS.upstreamUntil,
    eachModel(({ until }) => [{}, until ?? 0]),
  );
  metrics.gauges(
    METRICS.upstreamDrained,
    each(({ state }) => Number(state === 'drained')),
  );
  metrics.gauges(
    METRICS.upstreamInFlight,
    each((row) => row.in_flight),
  );
  metrics.gauges(
    METRICS.upstreamPlaces,
    each((row) => row.max_in_flight),
  );
  metrics.gauges(
    METRICS.upstreamTokens,
    each((row) => row.tokens_in_flight),
  );
  metrics.gauges(
    METRICS.upstreamBindings,
    each((row) => row.bindings),
  );
  metrics.gauges(
    METRICS.upstreamFirstToken,
    each((row) => row.first_token_ms && row.first_token_ms / 1_000),
  );
}

/** One call serves all who ask within the time; a failed one serves those who wait for it. */
function sharedFor<T>(ms: number, read: () => Promise<T>): () => Promise<T> {
  let last: { readonly at: number; readonly value: Promise<T> } | undefined;
  return () => {
    const now = performance.now();
    if (last && now - last.at <= ms) return last.value;
    const value = read();
    value.catch(() => (last = undefined));
    last = { at: now, value };
    return value;
  };
}
