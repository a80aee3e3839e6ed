export interface Load {
  readonly waiting: number;
  readonly active: number;
  /** 0 to 1: what Redis uses of the memory that it may use. */
  readonly memoryShare: number;
}

const AGE_MS_MAX = 250;
const NOTHING_FREE = { waiting: Infinity, active: 0 };

/**
 * Counts that are asked for once per AGE_MS_MAX at most, one question at a time. Only the first callers wait: a bound
 * on the queue may be a quarter of a second late, a request must not.
 *
 * Between two looks it counts what this process has sent to free workers. A run counts from its place until a look that
 * was begun after it was queued: a crowd that comes at once would find the workers free for ever otherwise.
 */
export class SampledLoad {
  private value: Load | undefined;
  private asking: Promise<Load> | undefined;
  private askedAt = -Infinity;
  private placed = 0;
  private queued = 0;

  constructor(
    private readonly ask: () => Promise<Load>,
    /** Milliseconds of a clock that is never set back. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Rejects when nothing is known yet and the question fails; later a failed question keeps what was known. */
  async look(): Promise<Load> {
    if (this.now() - this.askedAt > AGE_MS_MAX) this.asking ??= this.refresh();
    this.asking?.catch(() => undefined); // That Redis is away is told by the calls that need it.
    return this.value ?? (await (this.asking ??= this.refresh()));
  }

  /**
   * Takes a place at a free worker, for a run that goes before all that wait: nobody waits, and every run so far has
   * one of the `slots`. Looks and counts at once: those that come together would all see the same free place otherwise.
   */
  takeFree(slots: number): boolean {
    const { waiting, active } = this.value ?? NOTHING_FREE;
    if (waiting > 0 || active + this.placed >= slots) return false;
    this.placed++;
    return true;
  }

  /** It is in the queue, or will never be. */
  noteQueued(): void {
    if (this.queued < this.placed) this.queued++;
  }

  private async refresh(): Promise<Load> {
    this.askedAt = this.now();
    const counted = this.queued;
    try {
      const value = await this.ask();
      this.value = value;
      this.placed -= counted;
      this.queued -= counted;
      return value;
    } finally {
      this.asking = undefined;
    }
  }
}
