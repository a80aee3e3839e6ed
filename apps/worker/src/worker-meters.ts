import {
  type AppendBatch,
  type AppendReply,
  type ModelProvider,
  type RunAppends,
  type RunSpec,
  type TerminalEvent,
  toRunError,
} from '#libs/contract';
import type { PoolNews } from '#libs/providers';
import { METRICS, type Counter, type Histogram, type Logger, type Metrics } from '#libs/platform';

/** Models that have series of their own; further ones are counted together. */
const MODEL_LABELS_MAX = 50;

/** The worker's metrics: counted once per run, per model call and per append call; never per token. */
export class WorkerMeters {
  private readonly runs: Counter;
  private readonly redisErrors: Counter;
  private readonly appends: Counter;
  private readonly flushRuns: Histogram;
  private readonly flushEvents: Histogram;
  private readonly appendSeconds: Histogram;
  private readonly upstreamCalls: Counter;
  private readonly upstreamFirstEvent: Histogram;
  private readonly poolChoices: Counter;
  private readonly poolCooldowns: Counter;
  private readonly poolTokens: Counter;
  private readonly poolShareErrors: Counter;
  private readonly credentialRenewals: Counter;
  private readonly models = new Set<string>();

  constructor(
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {
    this.runs = metrics.counter(METRICS.runs);
    this.redisErrors = metrics.counter(METRICS.redisErrors);
    this.appends = metrics.counter(METRICS.appends);
    this.flushRuns = metrics.histogram(METRICS.flushRuns);
    this.flushEvents = metrics.histogram(METRICS.flushEvents);
    this.appendSeconds = metrics.histogram(METRICS.appendSeconds);
    this.upstreamCalls = metrics.counter(METRICS.upstreamCalls);
    this.upstreamFirstEvent = metrics.histogram(METRICS.upstreamFirstEvent);
    this.poolChoices = metrics.counter(METRICS.poolChoices);
    this.poolCooldowns = metrics.counter(METRICS.poolCooldowns);
    this.poolTokens = metrics.counter(METRICS.poolTokens);
    this.poolShareErrors = metrics.counter(METRICS.poolShareErrors);
    this.credentialRenewals = metrics.counter(METRICS.credentialRenewals);
  }

  /** Registers the values that every scrape reads. */
  watch(parts: { active(): number; readonly capacity: number; deltaGapMs(): number }): void {
    this.metrics.gauge(METRICS.activeRuns, parts.active);
    this.metrics.gauge(METRICS.capacity, () => parts.capacity);
    this.metrics.gauge(METRICS.deltaGap, () => parts.deltaGapMs() / 1_000);
  }

  redisFailed(): void {
    this.redisErrors.inc();
  }

  /** Counts what pools report about themselves. */
  poolNews(): PoolNews {
    return {
      chosen: (upstream, reason) => this.poolChoices.inc({ upstream, reason }),
      cooled: (upstream, reason) => this.poolCooldowns.inc({ upstream, reason }),
      answered: (upstream, { inputTokens, cachedInputTokens, outputTokens }) => {
        this.poolTokens.inc({ upstream, kind: 'input' }, inputTokens);
        this.poolTokens.inc({ upstream, kind: 'cached' }, cachedInputTokens);
        this.poolTokens.inc({ upstream, kind: 'output' }, outputTokens);
      },
      shareFailed: () => this.poolShareErrors.inc(),
    };
  }

  credentialRenewed(upstream: string, outcome: 'renewed' | 'failed'): void {
    this.credentialRenewals.inc({ upstream, outcome });
  }

  /** Counts an attempt that has ended, and logs one line with the ids and the key's name. */
  settled(spec: RunSpec, attempt: number, end: TerminalEvent | 'hand_back' | 'parked'): void {
    const outcome = end === 'hand_back' ? 'handed_back' : end === 'parked' ? 'parked' : end.type.slice('run.'.length);
    this.runs.inc({ outcome });
    const seconds = (Date.now() - spec.createdAt) / 1_000;
    const code = typeof end === 'object' && end.type === 'run.failed' ? { code: end.error.code } : {};
    this.logger.info({ runId: spec.runId, keyName: spec.owner, attempt, outcome, ...code, seconds }, 'run');
  }

  /** The same port, with its appends measured. */
  measureAppends(log: RunAppends): RunAppends {
    return {
      append: async (batches) => {
        const before = performance.now();
        this.flushRuns.observe(batches.length);
        this.flushEvents.observe(eventsOf(batches));
        try {
          const replies = await log.append(batches);
          this.countReplies(replies);
          return replies;
        } catch (cause) {
          this.appends.inc({ outcome: 'failed' }, batches.length);
          throw cause;
        } finally {
          this.appendSeconds.observe((performance.now() - before) / 1_000);
        }
      },
    };
  }

  /** Counts all successful appends in one step, because nearly every append succeeds. */
  private countReplies(replies: readonly AppendReply[]): void {
    let ok = 0;
    for (const { kind } of replies) {
      if (kind === 'ok') ok++;
      else this.appends.inc({ outcome: kind });
    }
    if (ok > 0) this.appends.inc({ outcome: 'ok' }, ok);
  }

  /**
   * The same provider, with the time to its first event measured. Costs one function call per event, and no promise.
   */
  measureProvider(provider: ModelProvider): ModelProvider {
    const { upstream } = provider;
    return {
      ...provider,
      stream: (request) => {
        const events = provider.stream(request);
        const model = this.modelLabel(request.model);
        return { [Symbol.asyncIterator]: () => this.measureFirst(events[Symbol.asyncIterator](), { upstream, model }) };
      },
    };
  }

  /** Clients may name any model where unknown ones are passed through, and upstreams list hundreds. */
  private modelLabel(model: string): string {
    if (this.models.size < MODEL_LABELS_MAX) this.models.add(model);
    return this.models.has(model) ? model : 'other';
  }

  private measureFirst<T>(
    events: AsyncIterator<T>,
    asked: { readonly upstream: string; readonly model: string },
  ): AsyncIterator<T> {
    let isFirst = true;
    const first = async (): Promise<IteratorResult<T>> => {
      const before = performance.now();
      try {
        const result = await events.next();
        this.upstreamFirstEvent.observe(asked, (performance.now() - before) / 1_000);
        this.upstreamCalls.inc({ ...asked, outcome: 'begun' });
        return result;
      } catch (cause) {
        this.upstreamCalls.inc({ ...asked, outcome: toRunError(cause).code });
        throw cause;
      }
    };
    return {
      next() {
        if (!isFirst) return events.next();
        isFirst = false;
        return first();
      },
      return: (value) => events.return?.(value) ?? Promise.resolve({ done: true, value: value as unknown }),
    };
  }
}

function eventsOf(batches: readonly AppendBatch[]): number {
  let events = 0;
  for (const batch of batches) events += batch.events.length;
  return events;
}
