import type { LoggedEvent } from '#libs/contract';
import type { RunTail } from './tail-run.js';

/** A run's events, in batches, as they arrive. */
export type Batches = AsyncIterableIterator<readonly LoggedEvent[], undefined>;

/** Starts watching now, before the first read. The first batch is kept until it is read. */
export function primed(tail: RunTail): Batches {
  let first: ReturnType<RunTail['next']> | undefined = tail.next();
  // The batch is awaited later, or never if the run cannot be opened. Until then its rejection must not count as
  // unhandled.
  first.catch(() => undefined);
  return {
    next() {
      const result = first ?? tail.next();
      first = undefined;
      return result;
    },
    return: () => tail.return(),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
