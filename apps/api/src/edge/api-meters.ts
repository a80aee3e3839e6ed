import { isTerminal, type LoggedEvent, type RefusalReason, type ErrorCode } from '#libs/contract';
import { METRICS, type Counter, type Histogram, type Metrics } from '#libs/platform';
import type { ModelDirectory } from '../runs/model-directory.js';

/** Something that can be counted; the gauges need no more of the rooms above. */
interface Sized {
  readonly size: number;
}

interface WatchedParts {
  readonly exchanges: Sized;
  readonly runs: { readonly audience: Sized };
  readonly sweep: Sized;
  readonly models: ModelDirectory;
}

/** What the API counts as it goes. Everything else is read when somebody scrapes. */
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

  /** Names the parts whose size is told at every scrape. */
  watch(parts: WatchedParts): void {
    this.parts = parts;
    this.metrics.gauge(METRICS.inFlight, () => parts.exchanges.size);
    this.metrics.gauge(METRICS.listeners, () => parts.runs.audience.size);
    this.metrics.gauge(METRICS.streams, () => parts.sweep.size);
    this.metrics.gauge(METRICS.workersAlive, () => parts.models.workersAlive);
  }

  /** How much is going on in this process, in the words of the health report. */
  sizes(): { readonly in_flight: number; readonly listeners: number } {
    return { in_flight: this.parts?.exchanges.size ?? 0, listeners: this.parts?.runs.audience.size ?? 0 };
  }

  /** @param route the pattern the router matched, never the path that was asked for. */
  requestEnded(route: string, method: string, status: number): void {
    this.requests.inc({ route, method: METHODS.has(method) ? method : 'OTHER', status });
  }

  /** Every error answer; `reason` says more about a 429. */
  errorAnswered(code: ErrorCode, status: number, reason?: RefusalReason): void {
    this.errors.inc({ code });
    if (status === 429) this.refusals.inc({ reason: reason ?? code });
  }

  redisFailed(): void {
    this.redisErrors.inc();
  }

  readonly streamCut = (): void => this.streamsCut.inc();

  /** For a run that was opened by this request just now; an old run's events would tell the age of the run. */
  relay(): RelayMeter {
    return new RelayMeter(this.firstToken, this.relayLag);
  }
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Measures one fresh stream, once per batch that was written. */
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
    // Clocks of two machines may differ; an event is never from the future.
    this.relayLag.observe(Math.max(0, Date.now() - oldest.at) / 1_000);
    if (this.spoken || !batch.some(isSpeech)) return;
    this.spoken = true;
    this.firstToken.observe((performance.now() - this.startedAt) / 1_000);
  }
}

/** What a client shows: text, and calls of tools. A run that ends in silence has no first token. */
function isSpeech(event: LoggedEvent): boolean {
  return !isTerminal(event) && (event.type.endsWith('.delta') || event.type === 'tool_call.started');
}
