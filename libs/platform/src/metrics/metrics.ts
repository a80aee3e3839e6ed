import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type MetricSpec } from './catalog.js';

export type { Counter, Histogram } from 'prom-client';

/** A gauge with labels, as it is now: one entry per series. */
export type Series = readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];

/**
 * How often the lag of the event loop is looked at. Each look wakes the process, and at the library's 10 ms five idle
 * services took 6 % of a core for it. It is a part of every lag that is told: an idle process has 0.1 s.
 */
const LAG_LOOK_EVERY_MS = 100;

/**
 * The numbers of one process, in the text form of Prometheus. Besides those of the catalog it tells what Node knows of
 * itself: CPU, memory, handles, garbage collection, and the lag of the event loop.
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

  /** `read` is asked at every scrape; while it fails, the series is left out, and the others are told all the same. */
  gauge(spec: MetricSpec, read: () => number | Promise<number>): void {
    this.gauges(spec, async () => [[{}, await read()]]);
  }

  /** As `gauge`, with labels. */
  gauges(spec: MetricSpec, read: () => Series | Promise<Series>): void {
    const { registers, ...settings } = this.settings(spec);
    new Gauge({
      ...settings,
      registers,
      async collect() {
        const series = await readSafely(read);
        this.reset();
        // A gauge without labels is reset to 0, which would be a lie.
        if (series.length === 0 && settings.labelNames.length === 0) this.remove();
        for (const [labels, value] of series) this.set(labels, value);
      },
    });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** What a scraper gets. */
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
    return []; // Redis is away, say: what it would have told is missing from this scrape.
  }
}
