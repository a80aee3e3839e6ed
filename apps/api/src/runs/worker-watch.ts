import { fromRunError, GatewayError, LIMITS, type RunError } from '#libs/contract';
import type { Logger } from '#libs/platform';
import { API_LIMITS } from '../words/api-limits.js';

const RETRY_SECONDS = 5;

/** What a look at the registry found. */
export interface WorkersSeen {
  readonly alive: number;
  /** Those of them that have a model, and so take runs. */
  readonly able: number;
  /** Why the others have none, if an upstream says it. */
  readonly failure?: RunError;
  /** Every upstream of every worker that lives was asked and has said why it has no model: to wait is in vain. */
  readonly isCertain?: boolean;
}

/**
 * Whether there is anybody to execute runs: a worker that lives and has a model. An outage is told once in the log,
 * and once it has lasted `secondsMax`, requests that wait for an answer are told, too: they would wait for as long
 * as it takes. When all upstreams have said why they have no model, new requests are told at once. Only time that
 * good looks cover counts: while Redis is away nobody knows of the workers, and behind that they need a moment to be
 * heard again.
 */
export class WorkerWatch {
  /** On the clock of `now`. */
  private aliveAt: number;
  /** The last good look, on the same clock. Undefined: a look has failed since. */
  private lookedAt: number | undefined;
  private isTold = false;
  private isOver = false;
  /** A worker had a model at some look: what waits may be under way, and a model may come back to it. */
  private wasFound = false;
  /** Of the last good look. */
  private seen: WorkersSeen = { alive: 0, able: 0 };
  private readonly waiting = new Set<() => void>();

  /**
   * @param secondsMax of an outage, before those who wait are told; 0: they never are.
   * @param now milliseconds on a clock that never goes back.
   */
  constructor(
    private readonly logger: Logger,
    private readonly secondsMax: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.aliveAt = now();
    this.lookedAt = this.aliveAt;
  }

  looked(seen: WorkersSeen): void {
    this.seen = seen;
    const now = this.now();
    const isBlind = this.lookedAt === undefined || now - this.lookedAt > API_LIMITS.workerLooksApartMsMax;
    this.lookedAt = now;
    if (seen.able > 0) return this.found();
    if (isBlind) this.aliveAt = now;
    const awayMs = now - this.aliveAt;
    // A start and a restart take a while, and are no outage.
    if (awayMs >= LIMITS.workerSilentMsMax && !this.isTold) {
      this.isTold = true;
      const isThere = seen.alive > 0;
      this.logger.warn(
        isThere ? 'no worker has a model; runs wait until one has' : 'no worker is alive; runs wait until one starts',
      );
    }
    if (this.secondsMax > 0 && awayMs >= this.secondsMax * 1_000) this.isOver = true;
    if (!this.isOver && (this.wasFound || !this.isVain)) return;
    // Those who came to a run that was there before are told at the next look: it may have its end already.
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const tell of waiting) tell();
  }

  /** Takes that the registry could not be looked at: it says nothing about the workers. */
  lookFailed(): void {
    this.lookedAt = undefined;
  }

  /** Throws `error` once an outage has lasted too long to wait, or when its reason is certain. */
  assertThere(): void {
    if (this.isOver || this.isVain) throw this.error();
  }

  /** `tell` is called once when an outage has lasted too long to wait. @returns what takes it back. */
  onOver(tell: () => void): () => void {
    this.waiting.add(tell);
    return () => void this.waiting.delete(tell);
  }

  /** For a request that waited in vain: `unavailable`, or the failure of the upstream that workers wait for. */
  error(): GatewayError {
    const { alive, failure } = this.seen;
    const what = alive > 0 ? 'No worker has a model to answer with' : 'No worker is alive to answer';
    if (alive > 0 && failure) return new GatewayError(fromRunError(failure).code, `${what}. ${failure.message}`);
    return new GatewayError('unavailable', `${what}; the operator sees it in /health/detailed.`, {
      retryAfterSeconds: RETRY_SECONDS,
    });
  }

  private get isVain(): boolean {
    return this.secondsMax > 0 && this.seen.able === 0 && this.seen.isCertain === true;
  }

  private found(): void {
    this.wasFound = true;
    this.aliveAt = this.now();
    this.isOver = false;
    if (!this.isTold) return;
    this.isTold = false;
    this.logger.info('a worker is alive again');
  }
}
