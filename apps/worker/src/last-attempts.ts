import type { RunJob } from '#libs/bus';
import type { RunClaims } from '#libs/contract';

/** A run that kills its worker usually does so early: during its setup, or with its first request. */
const ALONE_MS = 3_000;

/** The right to begin a last attempt; one at a time per worker. */
export interface AttemptSlot {
  /** The attempt has ended. */
  leave(): void;
}

/**
 * A worker that dies takes all its runs down, and it is unknown which of them killed it. So last attempts begin one
 * after the other, each with a period (`aloneMs`) in which no other last attempt begins. A run that survives this
 * period is cleared: a later death of its worker is not charged to it. A run that kills the worker within its period is
 * identified, and only that run fails; the next worker executes the others (fault P13).
 */
export class LastAttempts {
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly log: RunClaims,
    private readonly aloneMs = ALONE_MS,
  ) {}

  /**
   * Resolves with the slot as soon as it is free; claim the run only then. undefined: the queue took the job back
   * before that.
   */
  async enter({ runId, attempt, signal }: RunJob): Promise<AttemptSlot | undefined> {
    const before = this.last;
    const { promise: left, resolve: release } = newGate();
    this.last = before.then(() => left);
    await Promise.race([before, aborted(signal)]);
    if (signal.aborted) {
      release();
      return undefined;
    }
    const timer = setTimeout(() => {
      // If clearing fails, the run is charged with one attempt too many.
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
