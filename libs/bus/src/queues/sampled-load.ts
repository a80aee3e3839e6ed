export interface Load {
  readonly waiting: number;
  readonly active: number;
  /** 0 to 1: the share of its memory that Redis uses. */
  readonly memoryShare: number;
}

const AGE_MS_MAX = 250;
/** An older sample decides nothing: after a quiet hour the queue may have changed completely. */
const STALE_MS_MAX = 1_000;
const NOTHING_FREE = { waiting: Infinity, active: 0 };

/**
 * Counts of the queue, sampled at most once per AGE_MS_MAX, with one question to Redis at a time. Under load no request
 * waits for an answer: the queue's bounds may lag by a quarter of a second, a request must not. Callers wait only when
 * there is no sample, or none younger than STALE_MS_MAX.
 *
 * Between two samples this class counts the runs that this process sent to free workers. A run counts from its placing
 * until a sample that was begun after the run was queued. Otherwise a burst of runs would all find the same workers
 * free.
 */
export class SampledLoad {
  private value: Load | undefined;
  private asking: Promise<Load> | undefined;
  private askedAt = -Infinity;
  /** When the question was asked whose answer is `value`. */
  private valueFrom = -Infinity;
  private placed = 0;
  private queued = 0;

  constructor(
    private readonly ask: () => Promise<Load>,
    /** Milliseconds of a monotonic clock. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Rejects when no sample is young enough and taking a new one fails. */
  async look(): Promise<Load> {
    const now = this.now();
    if (now - this.askedAt > AGE_MS_MAX) this.asking ??= this.refresh();
    // Callers that wait for this sample get its failure; for others the existing sample is good enough.
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
