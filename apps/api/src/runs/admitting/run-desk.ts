import { assertContentKept, type Idempotency, type RunHead, type RunSnapshot, type StoredRuns } from '#libs/contract';
import type { Logger } from '#libs/platform';
import { deletedUnderKey, newRunId, type RunToStart, type Runs, type StartedRun } from '#libs/runs';
import { setTimeout as sleep } from 'node:timers/promises';
import { API_LIMITS } from '../../words/api-limits.js';
import { idempotencyConflict, type IdempotencyClaim } from './idempotency-key.js';
import type { Completed } from '#libs/protocols';

/** A request for a run after reading and checks, with its model resolved. */
export interface AdmissionRequest extends Omit<RunToStart, 'begin'> {
  readonly claim?: IdempotencyClaim;
  /**
   * Finds everything that the draft refers to, when its run is about to be opened. If it throws, the request is
   * refused.
   */
  complete?(runId: string): Promise<Completed>;
}

/** The run that answers a request. */
export type Admitted =
  /** Opened for this request, or (`joined`) by an earlier one with the same key. */
  | StartedRun
  /** A repetition that came after the run's log had expired. */
  | { readonly kind: 'stored'; readonly runId: string; readonly snapshot: RunSnapshot };

const OPEN_POLL_MS = 20;

/**
 * Gives every admission its run. Without an Idempotency-Key that is a new one. With one:
 *
 *   reserve(key, fingerprint, new id) -> new       open the run under that id; release the key if that fails
 *                                     -> same      the run has a log: join it
 *                                                  no log yet: its opener is at work (wait a little), or died: open it
 *                                                  the log expired: the store has the run, or kept nothing of it (410)
 *                                                  it had a log, and there is no row either: 404, it was deleted
 *                                     -> conflict  409
 *
 * A key opens one run at most, even after that run was deleted: a second run would repeat work that the key was meant
 * to do once.
 */
export class RunDesk {
  constructor(
    private readonly parts: {
      readonly runs: Runs;
      readonly idempotency: Idempotency;
      readonly store: Pick<StoredRuns, 'run' | 'turns'>;
      readonly logger: Logger;
    },
  ) {}

  /**
   * @param signal from a caller that will follow the run; aborts when its client leaves. The run is opened all the
   *   same, and the caller decides about its end.
   */
  async admit(admission: AdmissionRequest, signal?: AbortSignal): Promise<Admitted> {
    const { idempotency } = this.parts;
    const { claim } = admission;
    const runId = newRunId();
    if (!claim) return this.open(admission, runId, signal);
    const reservation = await idempotency.reserve(claim.scope, claim.fingerprint, runId);
    switch (reservation.kind) {
      case 'conflict':
        throw idempotencyConflict();
      case 'same':
        return this.join(admission, reservation, signal);
      case 'new':
        return this.openReserved(admission, { runId, claim }, signal);
    }
  }

  private async openReserved(
    admission: AdmissionRequest,
    { runId, claim }: { runId: string; claim: IdempotencyClaim },
    signal: AbortSignal | undefined,
  ): Promise<Admitted> {
    const { idempotency, logger } = this.parts;
    try {
      return await this.open(admission, runId, signal);
    } catch (cause) {
      // If the key cannot be released either, a retry opens the run under the reserved id.
      await idempotency
        .release(claim.scope, runId)
        .catch((failure: unknown) => logger.warn({ err: failure, runId }, 'an idempotency key was not given back'));
      throw cause;
    }
  }

  private async join(
    admission: AdmissionRequest,
    { runId, wasOpened }: { readonly runId: string; readonly wasOpened: boolean },
    signal: AbortSignal | undefined,
  ): Promise<Admitted> {
    const head = wasOpened ? await this.parts.runs.head(runId) : await this.headOfOpening(runId);
    if (head?.deleted) throw deletedUnderKey();
    if (head) return { kind: 'joined', runId, instance: head.instance, lastSeq: head.lastSeq };
    const snapshot = await this.parts.store.run(runId);
    if (snapshot) {
      assertContentKept(snapshot);
      return { kind: 'stored', runId, snapshot };
    }
    if (wasOpened || (await this.parts.store.turns(runId, 1)).length > 0) throw deletedUnderKey();
    return this.open(admission, runId, signal);
  }

  private async open(
    admission: AdmissionRequest,
    runId: string,
    listenUntil: AbortSignal | undefined,
  ): Promise<StartedRun> {
    const completed = await admission.complete?.(runId);
    const { claim } = admission;
    return this.parts.runs.start(
      { ...admission, ...completed },
      {
        runId,
        isNewId: !claim,
        ...(claim && { reservedIn: claim.scope }),
        ...(listenUntil && { listenUntil }),
      },
    );
  }

  /** A reserved run without a log is most likely being opened at this moment. */
  private async headOfOpening(runId: string): Promise<RunHead | undefined> {
    const deadline = Date.now() + API_LIMITS.openWaitMsMax;
    for (;;) {
      const head = await this.parts.runs.head(runId);
      if (head || Date.now() >= deadline) return head;
      await sleep(OPEN_POLL_MS);
    }
  }
}
