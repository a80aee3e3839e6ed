import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_MS = 100;

export interface Patience {
  /** Waits before the next try; false: the time is over, or the signal aborted. */
  wait(signal: AbortSignal): Promise<boolean>;
  /** A try succeeded: the next failure is a first one again. */
  reset(): void;
}

/** Waits 100 ms, doubling up to `delayMsMax`, until `totalMsMax` have passed since the first failure. */
export function patience(delayMsMax: number, totalMsMax: number): Patience {
  let failures = 0;
  let failingSince = 0;
  return {
    async wait(signal) {
      if (failures === 0) failingSince = Date.now();
      const delay = Math.min(delayMsMax, FIRST_MS * 2 ** Math.min(failures, 10));
      failures++;
      if (Date.now() - failingSince > totalMsMax) return false;
      try {
        await sleep(delay, undefined, { signal });
        return true;
      } catch {
        return false;
      }
    },
    reset() {
      failures = 0;
    },
  };
}
