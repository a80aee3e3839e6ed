export interface Load {
  readonly waiting: number;
  readonly active: number;
  /** 0 to 1: the share of its memory that Redis uses. */
  readonly memoryShare: number;
}

const AGE_MS_MAX = 250;
const NOTHING_FREE = { waiting: Infinity, active: 0 };

/**
 * Counts of the queue, sampled at most once per AGE_MS_MAX, one question at a time. Only the first callers wait for an
 * answer: the queue's bounds may be a quarter of a second late, a request must not.
 *
 * Between two samples this class counts the runs that this process sent to free workers. A run counts from its placing
 * until a sample that was begun after it was queued; otherwise a burst of runs would all find the same workers free.
 */
export class SampledLoad {
  private value: Load | undefined;
  private asking: Promise<Load> | undefined;
  private askedAt = -Infinity;
  private placed = 0;
  private queued = 0;

  constructor(
    private readonly ask: () => Promise<Load>,
    /** Milliseconds of a monotonic clock. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Rejects when the first sample fails; when a later one fails, the previous sample stays. */
  async look(): Promise<Load> {
    if (this.now() - this.askedAt > AGE_MS_MAX) this.asking ??= this.refresh();
    this.asking?.catch(() => undefined); // Calls that need Redis report that it is away.
    return this.value ?? (await (this.asking ??= this.refresh()));
  }

  /**
   * Reserves a free worker for a run that starts before all others; false: runs wait, or all `slots` are taken. Checks
   * and reserves in one step, or concurrent callers would all take the same free slot.
   */
  takeFree(slots: number): boolean {
    const { waiting, active } = this.value ?? NOTHING_FREE;
    if (waiting > 0 || active + this.placed >= slots) return false;
    this.placed++;
    return true;
  }

  /** The reserved run is in the queue, or will never be. */
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
