import type { Logger } from '#libs/platform';
import { indexTexts, type SqlDatabase } from '#libs/store';

/** Texts of one statement: an embedded database does nothing else meanwhile, with the longest texts a second. */
const BATCH_MAX = 50;
/** So long no run was stored: the machine has time. */
const QUIET_MS = 1_000;
/** With more texts beside the index it grows at busy times, too, or a search would have to read too many. */
const WAITING_MAX = 10_000;
const PAUSE_MS = 250;

export interface TextIndexerPorts {
  readonly db: SqlDatabase;
  readonly logger: Logger;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
}

/**
 * Puts what was said in sessions into the index of the search, at times when no runs are being stored. Words cost more
 * than the rows of a run, and nobody waits for them: a text that is not in the index is found by reading it.
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
        if (now() - this.storedAt < QUIET_MS && this.waiting <= WAITING_MAX) return;
        const indexed = await indexTexts(db, BATCH_MAX);
        this.waiting = indexed < BATCH_MAX ? 0 : Math.max(this.waiting - indexed, 1);
      }
    } catch (cause) {
      // The next stored run, or the next start, makes up for it.
      this.waiting = 0;
      logger.warn({ err: cause }, 'texts could not be put into the index of the search; they are found all the same');
    }
  }
}
