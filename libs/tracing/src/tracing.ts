import { readTraceparentFrom, type RunEvent, type RunSpec, type TerminalEvent } from '#libs/contract';
import { AsyncLocalStorage } from 'node:async_hooks';
import { AttemptTrace } from './attempt-trace.js';
import { derivedIds, newSpanId, newTraceId, parseTraceparent, traceparentOf, type TraceContext } from './context.js';
import { OtlpExporter } from './exporter.js';
import { ATTRIBUTES as A } from './names.js';
import type { Span } from './span.js';

export interface TracingSettings {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** `service.name`, and what else describes this process. */
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
  /** Share of the traces that begin here; a caller's own decision goes before it. */
  readonly ratio: number;
  /** What was said is told, too: off by default, because it is what people write. */
  readonly withContent: boolean;
  /** Told why spans were lost, and how many; at most once a minute. */
  onLost(why: string, spans: number): void;
}

/** What the work at hand sends on. */
interface Current {
  readonly context: TraceContext;
}

/** One attempt at a run, for whoever executes it. */
export interface TracedAttempt {
  heard(event: RunEvent): void;
  end(end: TerminalEvent | 'hand_back' | 'parked' | 'refused'): void;
  /** Does the attempt's work; requests that it makes carry the trace. */
  run<T>(work: () => Promise<T>): Promise<T>;
}

/** An answered HTTP request, as its span tells it. */
export interface AnsweredRequest {
  readonly method: string;
  /** The pattern, never the path. */
  readonly route: string;
  readonly status: number;
  readonly runId?: string;
}

const SERVER_ERROR = 500;

/** The spans of one process. Only made where an operator named a collector: see docs/tracing.md. */
export class Tracing {
  private readonly exporter: OtlpExporter;
  private readonly storage = new AsyncLocalStorage<Current>();

  constructor(private readonly settings: TracingSettings) {
    this.exporter = new OtlpExporter(settings);
    readTraceparentFrom(() => {
      const current = this.storage.getStore();
      return current && traceparentOf(current.context);
    });
  }

  close(): Promise<void> {
    return this.exporter.close();
  }

  /**
   * Lets a request in: what `proceed` starts, and whatever that waits for, belongs to the trace that the caller's
   * `traceparent` names, or to a new one. @returns what to call when it is answered.
   */
  request(traceparent: unknown, proceed: () => void): (answered: AnsweredRequest) => void {
    const parent = parseTraceparent(traceparent);
    const startMs = Date.now();
    const traceId = parent?.traceId ?? newTraceId();
    const context = { traceId, spanId: newSpanId(), isSampled: parent?.isSampled ?? this.isSampled(traceId) };
    this.storage.run({ context }, proceed);
    return ({ method, route, status, runId }) => {
      const error = status >= SERVER_ERROR ? String(status) : undefined;
      this.emit({
        name: `${method} ${route}`,
        kind: 'server',
        context,
        ...(parent && { parentSpanId: parent.spanId }),
        startMs,
        endMs: Date.now(),
        attributes: {
          [A.method]: method,
          [A.route]: route,
          [A.status]: status,
          [A.run]: runId,
          [A.errorType]: error,
        },
        ...(error !== undefined && { error }),
      });
    };
  }

  /** An attempt at a run begins; undefined: its trace is not among those that are kept. */
  attempt(spec: RunSpec, attempt: number): TracedAttempt | undefined {
    const parent = parseTraceparent(spec.traceparent) ?? this.rootOf(spec.runId);
    if (!parent.isSampled) return undefined;
    const { withContent } = this.settings;
    const trace = new AttemptTrace({
      spec,
      attempt,
      parent,
      withContent,
      now: Date.now,
      emit: (span) => this.emit(span),
    });
    const current: Current = {
      get context() {
        return trace.current;
      },
    };
    return {
      heard: (event) => trace.heard(event),
      end: (end) => trace.end(end),
      run: (work) => this.storage.run(current, work),
    };
  }

  /** The root of a run that no request began, as everybody sees it: an occurrence of a cron job. */
  occurrence(runId: string, times: { readonly startMs: number; readonly endMs: number }, job: Occurrence): void {
    const context = this.rootOf(runId);
    const attributes = { [A.job]: job.jobId, [A.scheduledFor]: job.scheduledFor, [A.run]: runId };
    this.emit({ name: 'job occurrence', kind: 'producer', context, ...times, attributes });
  }

  /** Does a delivery of a run's result, whose requests carry the trace. @param isDone whether an outcome is good. */
  async delivery<T>(
    runId: string,
    target: string,
    work: () => Promise<T>,
    isDone: (outcome: T) => boolean,
  ): Promise<T> {
    const root = this.rootOf(runId);
    const context = { ...root, spanId: newSpanId() };
    const startMs = Date.now();
    let isGood = false;
    try {
      const outcome = await this.storage.run({ context }, work);
      isGood = isDone(outcome);
      return outcome;
    } finally {
      this.emit({
        name: `deliver ${target}`,
        kind: 'client',
        context,
        parentSpanId: root.spanId,
        startMs,
        endMs: Date.now(),
        attributes: { [A.run]: runId, [A.deliveryTarget]: target, ...(!isGood && { [A.errorType]: 'not_delivered' }) },
        ...(!isGood && { error: 'not_delivered' }),
      });
    }
  }

  private rootOf(runId: string): TraceContext {
    const ids = derivedIds(runId);
    return { ...ids, isSampled: this.isSampled(ids.traceId) };
  }

  /** By the trace's id, so that all processes decide alike (OpenTelemetry's TraceIdRatioBased). */
  private isSampled(traceId: string): boolean {
    const { ratio } = this.settings;
    return ratio >= 1 || parseInt(traceId.slice(-8), 16) / 0x1_0000_0000 < ratio;
  }

  private emit(span: Span): void {
    if (span.context.isSampled) this.exporter.add(span);
  }
}

export interface Occurrence {
  readonly jobId: string;
  /** ISO 8601. */
  readonly scheduledFor: string;
}
