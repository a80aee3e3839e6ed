import type { RunJob } from '#libs/bus';
import type { RunClaims } from '#libs/contract';

/** A run that kills its worker mostly does so at once: while it is set up, or with its first request. */
const ALONE_MS = 3_000;

/** The right to be executed as a last attempt. */
export interface Turn {
  /** The attempt has ended. */
  leave(): void;
}

/**
 * A worker that dies takes all its runs with it, and nobody can tell which of them was to blame. So runs that are on
 * their last attempt begin one after the other: each has a moment in which no other of them is begun. One that survives
 * it is cleared, and its worker's later death is not charged to it; one that does not is found out, alone, and the
 * others are executed by the next worker (fault P13).
 */
export class LastAttempts {
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly log: RunClaims,
    private readonly aloneMs = ALONE_MS,
  ) {}

  /**
   * Resolves when it is this run's turn, which is before it is claimed; undefined when the queue wants it back before
   * that.
   */
  async enter({ runId, attempt, signal }: RunJob): Promise<Turn | undefined> {
    const before = this.last;
    const { promise: left, resolve: release } = newGate();
    this.last = before.then(() => left);
    await Promise.race([before, aborted(signal)]);
    if (signal.aborted) {
      release();
      return undefined;
    }
    const timer = setTimeout(() => {
      // One that could not be cleared is charged once too often.
      this.log.forgive(runId, attempt).catch(() => undefined);
      release();
    }, this.aloneMs);
    return {
      leave: () => {
        clearTimeout(timer);
        release();
      },
    };
  }
}

function newGate(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((open) => (resolve = open));
  return { promise, resolve };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
