import { isTerminal, type LoggedEvent, type RefusalReason, type ErrorCode } from '#libs/contract';
import { METRICS, type Counter, type Histogram, type Metrics } from '#libs/platform';
import type { ModelDirectory } from '../runs/model-directory.js';

/** Something that can be counted. The gauges need nothing else of the parts above the edge. */
interface Sized {
  readonly size: number;
}

interface WatchedParts {
  readonly exchanges: Sized;
  readonly runs: { readonly audience: Sized };
  readonly sweep: Sized;
  readonly models: ModelDirectory;
}

/** Counters of the API. All other values are read at each scrape. */
export class ApiMeters {
  private readonly requests: Counter;
  private readonly refusals: Counter;
  private readonly errors: Counter;
  private readonly redisErrors: Counter;
  private readonly streamsCut: Counter;
  private readonly firstToken: Histogram;
  private readonly relayLag: Histogram;
  private parts: WatchedParts | undefined;

  constructor(private readonly metrics: Metrics) {
    this.requests = metrics.counter(METRICS.requests);
    this.refusals = metrics.counter(METRICS.refusals);
    this.errors = metrics.counter(METRICS.errors);
    this.redisErrors = metrics.counter(METRICS.redisErrors);
    this.streamsCut = metrics.counter(METRICS.streamsCut);
    this.firstToken = metrics.histogram(METRICS.firstToken);
    this.relayLag = metrics.histogram(METRICS.relayLag);
  }

  /** Registers the parts whose size every scrape reports. */
  watch(parts: WatchedParts): void {
    this.parts = parts;
    this.metrics.gauge(METRICS.inFlight, () => parts.exchanges.size);
    this.metrics.gauge(METRICS.listeners, () => parts.runs.audience.size);
    this.metrics.gauge(METRICS.streams, () => parts.sweep.size);
    this.metrics.gauge(METRICS.workersAlive, () => parts.models.workersAlive);
  }

  /** The amount of work in this process, by the names of the health report. */
  sizes(): { readonly in_flight: number; readonly listeners: number } {
    return { in_flight: this.parts?.exchanges.size ?? 0, listeners: this.parts?.runs.audience.size ?? 0 };
  }

  /** @param route the pattern that the router matched, never the requested path. */
  requestEnded(route: string, method: string, status: number): void {
    this.requests.inc({ route, method: METHODS.has(method) ? method : 'OTHER', status });
  }

  /** Counts an error answer. `reason` says more about a 429. */
  errorAnswered(code: ErrorCode, status: number, reason?: RefusalReason): void {
    this.errors.inc({ code });
    if (status === 429) this.refusals.inc({ reason: reason ?? code });
  }

  redisFailed(): void {
    this.redisErrors.inc();
  }

  readonly streamCut = (): void => this.streamsCut.inc();

  /** For a run that this request opened. Events of an older run would measure the run's age. */
  relay(): RelayMeter {
    return new RelayMeter(this.firstToken, this.relayLag);
  }
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Measures one new stream, once per written batch. */
export class RelayMeter {
  private readonly startedAt = performance.now();
  private spoken = false;

  constructor(
    private readonly firstToken: Histogram,
    private readonly relayLag: Histogram,
  ) {}

  wrote(batch: readonly LoggedEvent[]): void {
    const [oldest] = batch;
    if (!oldest) return;
    // The clocks of two machines may differ, so a negative lag counts as none.
    this.relayLag.observe(Math.max(0, Date.now() - oldest.at) / 1_000);
    if (this.spoken || !batch.some(isSpeech)) return;
    this.spoken = true;
    this.firstToken.observe((performance.now() - this.startedAt) / 1_000);
  }
}

/** Whether a client shows this event: text, and calls of tools. A run without such an event has no first token. */
function isSpeech(event: LoggedEvent): boolean {
  return !isTerminal(event) && (event.type.endsWith('.delta') || event.type === 'tool_call.started');
}
