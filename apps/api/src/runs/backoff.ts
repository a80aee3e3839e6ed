import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_MS = 100;

export interface Backoff {
  /** Waits before the next try; false when there was enough trying, or the signal aborted. */
  wait(signal: AbortSignal): Promise<boolean>;
  /** It worked: the next failure is a first one again. */
  reset(): void;
}

/**
 * Waits 100 ms, then twice as long each time up to `delayMsMax`, until `totalMsMax` have passed since the first
 * failure.
 */
export function backoff(delayMsMax: number, totalMsMax: number): Backoff {
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
