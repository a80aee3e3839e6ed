import type { RunSnapshot } from '#libs/contract';
import { METRICS, type Counter, type Histogram, type Metrics } from '#libs/platform';

/** The store's metrics: counted once per batch. */
export class StoreMeters {
  private readonly batches: Counter;
  private readonly rows: Counter;
  private readonly lag: Histogram;
  private readonly redisErrors: Counter;

  constructor(metrics: Metrics) {
    this.batches = metrics.counter(METRICS.batches);
    this.rows = metrics.counter(METRICS.rows);
    this.lag = metrics.histogram(METRICS.persistLag);
    this.redisErrors = metrics.counter(METRICS.redisErrors);
  }

  redisFailed(): void {
    this.redisErrors.inc();
  }

  /** Records rows that are in the database, and confirmed. */
  wrote(runs: readonly RunSnapshot[]): void {
    this.rows.inc(runs.length);
    for (const { endedAt } of runs) {
      if (endedAt !== undefined) this.lag.observe(Math.max(0, Date.now() - endedAt) / 1_000);
    }
  }

  /** The handler of the persist queue, with its outcomes counted. */
  measure(handle: (runIds: readonly string[]) => Promise<void>): (runIds: readonly string[]) => Promise<void> {
    return async (runIds) => {
      try {
        await handle(runIds);
        this.batches.inc({ outcome: 'stored' });
      } catch (cause) {
        this.batches.inc({ outcome: 'failed' });
        throw cause;
      }
    };
  }
}
