import { setTimeout as sleep } from 'node:timers/promises';

/** Work to finish before the process stops. `deadline` aborts when the time for it is over. */
export type DrainWork = (deadline: AbortSignal) => Promise<void>;

/** Whether this process is stopping, and the work that it must finish first. */
export class Drain {
  private readonly works: DrainWork[] = [];
  private readonly counts: (() => number)[] = [];
  private begun = false;
  private refuses = false;

  /** Readiness says 503, so that nobody new is sent here. */
  get draining(): boolean {
    return this.begun;
  }

  /** New work is refused. Until then whoever has not yet heard that this process leaves is served. */
  get refusing(): boolean {
    return this.refuses;
  }

  onDrain(work: DrainWork): void {
    this.works.push(work);
  }

  /** Registers a count of answers under way, for whoever asks how much is left to finish. */
  onCount(count: () => number): void {
    this.counts.push(count);
  }

  /** Answers under way, by all counts together. */
  get running(): number {
    return this.counts.reduce((sum, count) => sum + count(), 0);
  }

  /** Readiness turns 503; for `seconds` all else goes on as before. */
  async announce(seconds: number): Promise<void> {
    this.begun = true;
    if (seconds > 0) await sleep(seconds * 1_000);
  }

  /** Readiness says 503 and new work is refused; runs all work side by side, for `seconds` at most. */
  async begin(seconds: number): Promise<void> {
    this.begun = true;
    this.refuses = true;
    const deadline = AbortSignal.timeout(seconds * 1_000);
    const over = new Promise<void>((resolve) => deadline.addEventListener('abort', () => resolve(), { once: true }));
    const all = Promise.allSettled(this.works.map((work) => work(deadline))).then(() => undefined);
    await Promise.race([all, over]);
  }
}
