import type { LoggedEvent } from '#libs/contract';
import type { RunTail } from './tail-run.js';

/** A run's events as they come, in batches. */
export type Batches = AsyncIterableIterator<readonly LoggedEvent[], undefined>;

/** Starts watching now, before anybody reads; the first batch is kept until it is asked for. */
export function primed(tail: RunTail): Batches {
  let first: ReturnType<RunTail['next']> | undefined = tail.next();
  // The batch is awaited later, or never if the run cannot be opened; until then its failure is no unhandled one.
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
