import { GatewayError, LIMITS } from '#libs/contract';
import type { Logger } from '#libs/platform';
import { API_LIMITS } from '../words/api-limits.js';

const RETRY_SECONDS = 5;

/**
 * Whether there is anybody to execute runs. An outage is told once in the log, and once it has lasted `secondsMax`,
 * requests that wait for an answer are told, too: they would wait for as long as it takes. Only time that good looks
 * cover counts: while Redis is away nobody knows of the workers, and behind that they need a moment to be heard again.
 */
export class WorkerWatch {
  /** On the clock of `now`. */
  private aliveAt: number;
  /** The last good look, on the same clock. Undefined: a look has failed since. */
  private lookedAt: number | undefined;
  private isTold = false;
  private isOver = false;
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

  /** Takes how many workers a look at the registry found. */
  looked(alive: number): void {
    const now = this.now();
    const isBlind = this.lookedAt === undefined || now - this.lookedAt > API_LIMITS.workerLooksApartMsMax;
    this.lookedAt = now;
    if (alive > 0) return this.found();
    if (isBlind) this.aliveAt = now;
    const awayMs = now - this.aliveAt;
    // A start and a restart take a while, and are no outage.
    if (awayMs >= LIMITS.workerSilentMsMax && !this.isTold) {
      this.isTold = true;
      this.logger.warn('no worker is alive; runs wait until one starts');
    }
    if (this.secondsMax === 0 || awayMs < this.secondsMax * 1_000 || this.isOver) return;
    this.isOver = true;
    for (const tell of [...this.waiting]) tell();
  }

  /** Takes that the registry could not be looked at: it says nothing about the workers. */
  lookFailed(): void {
    this.lookedAt = undefined;
  }

  /** Throws GatewayError `unavailable` once an outage has lasted too long to wait. */
  assertThere(): void {
    if (this.isOver) throw this.error();
  }

  /** `tell` is called when an outage has lasted too long to wait. @returns what takes it back. */
  onOver(tell: () => void): () => void {
    this.waiting.add(tell);
    return () => void this.waiting.delete(tell);
  }

  /** For a request that waited in vain. */
  error(): GatewayError {
    return new GatewayError('unavailable', 'No worker is alive to answer; the operator sees it in /health/detailed.', {
      retryAfterSeconds: RETRY_SECONDS,
    });
  }

  private found(): void {
    this.aliveAt = this.now();
    this.isOver = false;
    if (!this.isTold) return;
    this.isTold = false;
    this.logger.info('a worker is alive again');
  }
}
