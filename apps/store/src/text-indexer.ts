import type { Logger } from '#libs/platform';
import { indexTexts, type SqlDatabase } from '#libs/store';

/** Texts of one statement: an embedded database does nothing else meanwhile, with the longest texts a second. */
const BATCH_MAX = 50;
/** So long no run was stored: the machine has time. */
const QUIET_MS = 1_000;
/** With more texts beside the index a few go into it at busy times, too: a search has to read what waits. */
const WAITING_BUSY_MAX = 200;
const BUSY_BATCH_MAX = 20;
/** With more than these the index does not wait for better times. */
const WAITING_MAX = 10_000;
const PAUSE_MS = 250;

export interface TextIndexerPorts {
  readonly db: SqlDatabase;
  readonly logger: Logger;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
}

/**
 * Puts what was said in sessions into the index of the search: all at times when no runs are being stored, a few at
 * others. Words cost more than the rows of a run, and nobody waits for them: a text outside of the index is found by
 * reading it.
 */
export class TextIndexer {
  private waiting = WAITING_MAX;
  private storedAt: number;
  private timer: NodeJS.Timeout | undefined;
  private work = Promise.resolve();
  private isClosed = false;

  constructor(private readonly ports: TextIndexerPorts) {
    // What the process before this one has left.
    this.storedAt = ports.now();
    this.later();
  }

  /** So many runs were stored. */
  stored(runs: number): void {
    this.waiting += runs;
    this.storedAt = this.ports.now();
    this.later();
  }

  /** Resolves when no statement is under way. What is left is for the next process. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.work;
  }

  private later(): void {
    if (this.isClosed || this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.work = this.look().finally(() => {
        this.timer = undefined;
        if (this.waiting > 0) this.later();
      });
    }, PAUSE_MS);
    this.timer.unref();
  }

  private async look(): Promise<void> {
    const { db, logger, now } = this.ports;
    try {
      while (!this.isClosed && this.waiting > 0) {
        const isBusy = now() - this.storedAt < QUIET_MS && this.waiting <= WAITING_MAX;
        if (isBusy && this.waiting <= WAITING_BUSY_MAX) return;
        const most = isBusy ? BUSY_BATCH_MAX : BATCH_MAX;
        const indexed = await indexTexts(db, most);
        this.waiting = indexed < most ? 0 : Math.max(this.waiting - indexed, 1);
        if (isBusy) return;
      }
    } catch (cause) {
      // The next stored run, or the next start, makes up for it.
      this.waiting = 0;
      logger.warn({ err: cause }, 'texts could not be put into the index of the search; they are found all the same');
    }
  }
}
