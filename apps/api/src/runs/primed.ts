import type { LoggedEvent } from '#libs/contract';

/** A run's events as they come, in batches. */
export type Batches = AsyncIterableIterator<readonly LoggedEvent[]>;

/** Pulls the first batch now; the generator gives it first. */
export function primed(tail: AsyncGenerator<readonly LoggedEvent[]>): Batches {
  let first: Promise<IteratorResult<readonly LoggedEvent[]>> | undefined = tail.next();
  // It is awaited later, or never when the run cannot be opened; it must not count as unhandled until then.
  first.catch(() => undefined);
  return {
    next() {
      const result = first ?? tail.next();
      first = undefined;
      return result;
    },
    return: () => tail.return(undefined),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
