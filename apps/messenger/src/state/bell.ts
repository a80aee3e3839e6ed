import { setTimeout as sleep } from 'node:timers/promises';

/** Wakes one waiter. A ring that nobody waits for is kept. */
export class Bell {
  private rung = false;
  private wake: AbortController | undefined;

  ring(): void {
    this.rung = true;
    this.wake?.abort();
  }

  /** Resolves at the next ring, after `ms`, or when `signal` aborts. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.rung && !signal.aborted && ms > 0) {
      const wake = new AbortController();
      this.wake = wake;
      const stop = (): void => wake.abort();
      signal.addEventListener('abort', stop, { once: true });
      await sleep(ms, undefined, { signal: wake.signal }).catch(() => undefined); // Cut short.
      signal.removeEventListener('abort', stop);
    }
    this.rung = false;
  }
}

/** Resolves after `ms` or when `signal` aborts. */
export async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined); // It only rejects when the signal cuts it short.
}
