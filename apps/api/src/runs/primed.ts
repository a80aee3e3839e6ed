import type { RunTail } from '#libs/bus';
import type { LoggedEvent } from '#libs/contract';

/** A run's events as they come, in batches. */
export type Batches = AsyncIterableIterator<readonly LoggedEvent[], undefined>;

/** Pulls the first batch now; it is given first. */
export function primed(tail: RunTail): Batches {
  let first: ReturnType<RunTail['next']> | undefined = tail.next();
  // It is awaited later, or never when the run cannot be opened; it must not count as unhandled until then.
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
