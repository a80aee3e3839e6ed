/** Bounds of simultaneous work; the rest waits in the order of its arrival. */
export interface SlotLimits {
  readonly atOnceMax: number;
  /** Bound of one group, such as an API key. */
  readonly perGroupMax: number;
  readonly waitingMax: number;
}

interface Waiter {
  readonly group: string;
  start(): void;
}

/** Allows a bounded number of lookups at a time, so that a group can delay only itself. */
export class LookupSlots {
  private readonly active = new Map<string, number>();
  private readonly waiting: Waiter[] = [];
  private total = 0;

  constructor(private readonly limits: SlotLimits) {}

  /** Runs the work once there is room. Rejects with the signal's reason, or at once when too many wait. */
  async run<T>(group: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.enter(group, signal);
    try {
      return await work();
    } finally {
      this.leave(group);
    }
  }

  private async enter(group: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.hasRoom(group)) return this.count(group, 1);
    if (this.waiting.length >= this.limits.waitingMax) throw new Error('too many names are being looked up');
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.waiting.splice(this.waiting.indexOf(waiter), 1);
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        group,
        start: () => {
          signal.removeEventListener('abort', onAbort);
          this.count(group, 1);
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.waiting.push(waiter);
    });
  }

  private leave(group: string): void {
    this.count(group, -1);
    const next = this.waiting.findIndex((waiter) => this.hasRoom(waiter.group));
    if (next >= 0) this.waiting.splice(next, 1)[0]?.start();
  }

  private hasRoom(group: string): boolean {
    return this.total < this.limits.atOnceMax && (this.active.get(group) ?? 0) < this.limits.perGroupMax;
  }

  private count(group: string, by: 1 | -1): void {
    this.total += by;
    const left = (this.active.get(group) ?? 0) + by;
    if (left > 0) this.active.set(group, left);
    else this.active.delete(group);
  }
}
