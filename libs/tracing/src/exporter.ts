import type { Attributes, Span } from './span.js';
import { exportRequest } from './otlp-json.js';

export interface ExporterSettings {
  /** Where spans are posted, with its path. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly resource: Attributes;
  readonly version: string;
  /** Told why spans were lost, and how many; at most once a minute. */
  onLost(why: string, spans: number): void;
}

/** OpenTelemetry's own numbers for its batches (`OTEL_BSP_*`). */
const QUEUE_SPANS_MAX = 2_048;
const BATCH_SPANS_MAX = 512;
const BATCH_EVERY_MS = 2_000;
/** Between two tries while the collector is away: from BATCH_EVERY_MS, doubled with each. */
const AGAIN_MS_MAX = 60_000;
const REQUEST_MS_MAX = 10_000;
const TELL_EVERY_MS = 60_000;
/** The collector wants to be asked again (OTLP/HTTP, "Retryable response codes"); the batch waits for its next turn. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/**
 * Sends spans to a collector, in batches and in the background: nothing waits for it, and while it is away what does
 * not fit the queue is lost and counted.
 */
export class OtlpExporter {
  private queue: Span[] = [];
  private timer: NodeJS.Timeout | undefined;
  private sending: Promise<void> | undefined;
  /** Of `performance.now()`: the collector is away, and is not asked before. */
  private notBefore = -Infinity;
  private failures = 0;
  private lost = 0;
  private why = 'the queue is full';
  private toldAt = -Infinity;

  constructor(private readonly settings: ExporterSettings) {}

  add(span: Span): void {
    if (this.queue.length >= QUEUE_SPANS_MAX) this.lose(1, 'the queue is full');
    else this.queue.push(span);
    const waitMs = this.notBefore - performance.now();
    if (waitMs > 0) this.sendAfter(waitMs);
    else if (this.queue.length >= BATCH_SPANS_MAX) void this.send();
    else this.sendAfter(BATCH_EVERY_MS);
  }

  /** Sends what there is; resolves when it was taken or lost. */
  async close(): Promise<void> {
    await this.sending;
    await this.send();
    this.lose(this.queue.length, this.why);
    this.queue = [];
    clearTimeout(this.timer);
  }

  private sendAfter(ms: number): void {
    this.timer ??= setTimeout(() => void this.send(), ms).unref();
  }

  private async send(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.sending ??= this.sendAll().finally(() => (this.sending = undefined));
    await this.sending;
  }

  private async sendAll(): Promise<void> {
    while (this.queue.length > 0) {
      const batch = this.queue.slice(0, BATCH_SPANS_MAX);
      const outcome = await this.post(batch);
      if (outcome === 'later') {
        const waitMs = Math.min(BATCH_EVERY_MS * 2 ** this.failures++, AGAIN_MS_MAX);
        this.notBefore = performance.now() + waitMs;
        this.sendAfter(waitMs);
        return;
      }
      this.failures = 0;
      this.notBefore = -Infinity;
      // What came meanwhile stands behind it.
      this.queue = this.queue.slice(batch.length);
      if (outcome === 'refused') this.lose(batch.length, this.why);
    }
  }

  private async post(batch: readonly Span[]): Promise<'taken' | 'refused' | 'later'> {
    const { url, headers, resource, version } = this.settings;
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: exportRequest(resource, version, batch),
        signal: AbortSignal.timeout(REQUEST_MS_MAX),
        redirect: 'error',
      });
      await answer.body?.cancel();
      if (answer.ok) return 'taken';
      this.why = `the collector answered ${answer.status}`;
      return RETRYABLE.has(answer.status) ? 'later' : 'refused';
    } catch (cause) {
      const { code } = ((cause as Error).cause ?? {}) as { code?: string };
      this.why = `the collector cannot be reached (${code ?? (cause as Error).message})`;
      this.tell();
      return 'later';
    }
  }

  private lose(spans: number, why: string): void {
    this.lost += spans;
    this.why = why;
    if (spans > 0) this.tell();
  }

  private tell(): void {
    const now = performance.now();
    if (now - this.toldAt < TELL_EVERY_MS) return;
    this.toldAt = now;
    this.settings.onLost(this.why, this.lost);
    this.lost = 0;
  }
}
