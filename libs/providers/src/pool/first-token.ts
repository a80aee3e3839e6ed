/** How much the newest answer counts. */
const NEWEST = 0.3;
const SAMPLES_MIN = 3;
/** Answers older than this say nothing of the next one: who lost its sessions for being slow gets new ones. */
const REMEMBERED_MS = 300_000;

/** The expected time to the first event of one member: an exponential average of this worker's own answers. */
export class FirstTokenTimes {
  private average = 0;
  private samples = 0;
  private last = 0;

  /** @param ms from asking to the first event. @param now milliseconds, of any clock that is always the same. */
  add(ms: number, now: number): void {
    if (now - this.last > REMEMBERED_MS) this.samples = 0;
    this.average = this.samples === 0 ? ms : this.average + NEWEST * (ms - this.average);
    this.samples++;
    this.last = now;
  }

  /** Undefined: too few answers, or too long ago. */
  expected(now: number): number | undefined {
    return this.samples >= SAMPLES_MIN && now - this.last <= REMEMBERED_MS ? Math.round(this.average) : undefined;
  }
}
