import { setTimeout as wait } from 'node:timers/promises';
import { failureOf, type Failure, type Upstream } from './failures.js';
import { backoffMs } from './retry-after.js';

export type Outcome<T> =
  { readonly kind: 'ok'; readonly value: T } | { readonly kind: 'failed'; readonly failure: Failure };

export interface Retrying {
  readonly upstream: Upstream;
  readonly retriesMax: number;
  /** Ends a wait at once. */
  readonly signal: AbortSignal;
}

/**
 * Tries until it works, the failure is final, or the retries are used up. Our own, because an error that comes as the
 * first event of a stream is one to be tried again, too. A wait ends with the signal, and has a bound: a Retry-After of
 * an hour must not hold the run for an hour. After an abort the outcome means nothing.
 */
export async function withRetries<T>(
  { upstream, retriesMax, signal }: Retrying,
  attempt: () => Promise<T>,
): Promise<Outcome<T>> {
  for (let retry = 0; ; retry++) {
    try {
      return { kind: 'ok', value: await attempt() };
    } catch (error) {
      const failure = failureOf(error, upstream);
      if (!failure.retry || retry >= retriesMax || signal.aborted) return { kind: 'failed', failure };
      await wait(failure.waitMs ?? backoffMs(retry), undefined, { signal });
    }
  }
}
