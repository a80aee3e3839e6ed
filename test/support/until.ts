import { setTimeout as sleep } from 'node:timers/promises';
import { withSlack } from './slack.js';

/**
 * Waits for a condition instead of sleeping a fixed time. Rejects after `ms` (default 15 s, with slack) and says what
 * was awaited.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  { ms = 15_000, what = 'a condition', everyMs = 20 } = {},
): Promise<NonNullable<T>> {
  const msMax = withSlack(ms);
  const deadline = Date.now() + msMax;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited ${msMax} ms in vain for ${what}`);
    await sleep(everyMs);
  }
}
