import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type MetricSpec } from './catalog.js';

export type { Counter, Histogram } from 'prom-client';

/** The present values of a gauge with labels: one entry per series. */
export type Series = readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];

/**
 * Interval at which the lag of the event loop is sampled. Each sample wakes the process; at the library's 10 ms this
 * took five idle services 6 % of a core. The interval is part of every reported lag, so an idle process shows 0.1 s.
 */
const LAG_LOOK_EVERY_MS = 100;

/**
 * The metrics of one process, in the text form of Prometheus. Besides those of the catalog they include Node's own
 * values: CPU, memory, handles, garbage collection, and the lag of the event loop.
 */
export class Metrics {
  private readonly registry = new Registry();

  constructor(process: { readonly service: string; readonly version: string; isDraining(): boolean }) {
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: LAG_LOOK_EVERY_MS });
    // They are gauges that are named like counters, which every lint of metrics objects to.
    for (const what of ['handles', 'requests', 'resources']) {
      this.registry.removeSingleMetric(`nodejs_active_${what}_total`);
    }
    const { service, version } = process;
    this.gauges(METRICS.build, () => [[{ service, version }, 1]]);
    this.gauge(METRICS.draining, () => Number(process.isDraining()));
  }

  counter(spec: MetricSpec): Counter {
    const counter = new Counter(this.settings(spec));
    for (const labels of spec.starts ?? []) counter.inc(labels, 0);
    return counter;
  }

  histogram(spec: MetricSpec): Histogram {
    return new Histogram({ ...this.settings(spec), buckets: [...(spec.buckets ?? [])] });
  }

  /** `read` is called at every scrape. When it fails, its series is left out, and the others are still reported. */
  gauge(spec: MetricSpec, read: () => number | Promise<number>): void {
    this.gauges(spec, async () => [[{}, await read()]]);
  }

  /** Like `gauge`, with labels. */
  gauges(spec: MetricSpec, read: () => Series | Promise<Series>): void {
    const { registers, ...settings } = this.settings(spec);
    new Gauge({
      ...settings,
      registers,
      async collect() {
        const series = await readSafely(read);
        this.reset();
        // A gauge without labels is reset to 0, which would be a false value.
        if (series.length === 0 && settings.labelNames.length === 0) this.remove();
        for (const [labels, value] of series) this.set(labels, value);
      },
    });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** The text for a scraper. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  private settings({ name, help, labels = [] }: MetricSpec) {
    return { name, help, labelNames: [...labels], registers: [this.registry] };
  }
}

async function readSafely(read: () => Series | Promise<Series>): Promise<Series> {
  try {
    return await read();
  } catch {
    return []; // For example when Redis is away: the value is then missing from this scrape.
  }
}
