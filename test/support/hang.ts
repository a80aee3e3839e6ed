import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';

/**
 * Another order of magnitude than anything a test waits for or computes, on a busy machine too: a bound that tells a
 * hang from a slow machine. How fast a thing is, `npm run bench:parts` says.
 */
const HANG_MS = 30_000;

/** Runs work that never yields, and interrupts it, a regular expression included, when it does not come to its end. */
export function mustEnd<T>(work: () => T): T {
  return runInNewContext('work()', { work }, { timeout: HANG_MS }) as T;
}

/**
 * The result of a promise. Rejects when the promise still waits after 30 s. Only a wait for the wrong thing lasts a
 * minute.
 */
export async function soon<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still waiting after ${HANG_MS} ms`)), HANG_MS);
  });
  return Promise.race([promise, hang]).finally(() => clearTimeout(timer));
}

/** Waits while timers and sockets have so many turns: what has happened by then did not wait for the clock. */
export async function turnsOfTheLoop(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await turnOfTheLoop();
}
