import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition instead of sleeping a fixed time. Rejects after `ms` (default 15 s) and says what was awaited. */
export async function until<T>(
  condition: () => T | Promise<T>,
  { ms = 15_000, what = 'a condition', everyMs = 20 } = {},
): Promise<NonNullable<T>> {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await sleep(everyMs);
  }
}
