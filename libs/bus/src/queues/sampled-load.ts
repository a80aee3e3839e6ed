export interface Load {
  readonly waiting: number;
  readonly active: number;
  /** 0 to 1: the share of its memory that Redis uses. */
  readonly memoryShare: number;
}

const AGE_MS_MAX = 250;
/** Nothing is decided on what was true longer ago: after a quiet hour the queue may look like anything. */
const STALE_MS_MAX = 1_000;
const NOTHING_FREE = { waiting: Infinity, active: 0 };

/**
 * Counts of the queue, sampled at most once per AGE_MS_MAX, one question at a time. Under load nobody waits for an
 * answer: the queue's bounds may be a quarter of a second late, a request must not. Callers wait when there is no
 * sample yet, or none that is younger than STALE_MS_MAX.
 *
 * Between two samples this class counts the runs that this process sent to free workers. A run counts from its placing
 * until a sample that was begun after it was queued; otherwise a burst of runs would all find the same workers free.
 */
export class SampledLoad {
  private value: Load | undefined;
  private asking: Promise<Load> | undefined;
  private askedAt = -Infinity;
  /** When the question was asked that `value` answers. */
  private valueFrom = -Infinity;
  private placed = 0;
  private queued = 0;

  constructor(
    private readonly ask: () => Promise<Load>,
    /** Milliseconds of a monotonic clock. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Rejects when there is no sample that is young enough, and the look for one fails. */
  async look(): Promise<Load> {
    const now = this.now();
    if (now - this.askedAt > AGE_MS_MAX) this.asking ??= this.refresh();
    // Whoever waits for it hears of its failure; for others the sample they have is good enough.
    this.asking?.catch(() => undefined);
    if (this.value && now - this.valueFrom <= STALE_MS_MAX) return this.value;
    return await (this.asking ??= this.refresh());
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
    const askedAt = this.now();
    this.askedAt = askedAt;
    const counted = this.queued;
    try {
      const value = await this.ask();
      this.value = value;
      this.valueFrom = askedAt;
      this.placed -= counted;
      this.queued -= counted;
      return value;
    } finally {
      this.asking = undefined;
    }
  }
}
