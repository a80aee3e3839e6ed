import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from './port.js';

const PAUSE_MS_MAX = 30_000;

/** Asks once, and again after a failure. */
export function lazily<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask().catch((cause: unknown) => {
      asked = undefined;
      throw cause;
    });
    return asked;
  };
}

/** Told of failures of an intake: `why` never has a token in it. `token`: it is the token that the platform refuses. */
export type OnTrouble = (why: string, token?: boolean) => void;

export function tellTrouble(onTrouble: OnTrouble | undefined, outcome: Outcome): void {
  onTrouble?.('why' in outcome ? outcome.why : outcome.kind, outcome.kind === 'unsent' && outcome.token === true);
}

/** Resolves after `ms` or when `signal` aborts. */
export async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined); // It only rejects when the signal cuts it short.
}

export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => signal.addEventListener('abort', () => done(), { once: true }));
}

/** Pauses between tries, in ms: each twice as long as the one before, 30 s at most. */
export function backOff(min: number): { next(): number; reset(): void } {
  let pause = min;
  return {
    next() {
      const now = pause;
      pause = Math.min(2 * pause, PAUSE_MS_MAX);
      return now;
    },
    reset: () => void (pause = min),
  };
}
