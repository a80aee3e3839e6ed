export interface Summary {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Durations in microseconds, kept in a typed array so that a million of them do not disturb what is measured. */
export class Samples {
  private values = new Float64Array(1 << 16);
  private count = 0;

  add(value: number): void {
    if (this.count === this.values.length) {
      const larger = new Float64Array(this.count * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.count++] = value;
  }

  /** Percentiles in milliseconds; null when nothing was measured. */
  summary(): Summary | null {
    if (this.count === 0) return null;
    const sorted = this.values.slice(0, this.count).sort();
    const at = (p: number): number => {
      const value = sorted[Math.min(sorted.length - 1, Math.ceil(p * sorted.length) - 1)] ?? 0;
      return Math.round(value) / 1_000;
    };
    return { count: this.count, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  }
}
