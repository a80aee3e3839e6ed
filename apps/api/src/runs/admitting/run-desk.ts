import { newRunId, withDeadline } from '#libs/bus';
import {
  GatewayError,
  type Idempotency,
  RUN_SPEC_VERSION,
  type RunDraft,
  type RunHead,
  type RunSnapshot,
  type RunSpec,
  type StoredRuns,
} from '#libs/contract';
import type { Logger } from '#libs/platform';
import { setTimeout as sleep } from 'node:timers/promises';
import { API_LIMITS } from '../../words/api-limits.js';
import type { Batches } from '../primed.js';
import type { RunService } from '../run-service.js';
import type { TurnDesk, TurnPlace } from '../placing/turn-desk.js';
import type { Admission } from './admission.js';
import { idempotencyConflict, type IdempotencyClaim } from './idempotency-key.js';
import type { Completed } from './preparation.js';

/** A request for a run, understood and allowed, with its model resolved. */
export interface Order {
  readonly draft: RunDraft;
  readonly model: string;
  readonly owner: string;
  readonly claim?: IdempotencyClaim;
  /** It takes the next turn of `draft.sessionId`. */
  readonly turn?: { readonly whenBusy: 'wait' | 'reject' };
  /** Finds what the draft refers to, once its run is about to be opened. What it throws refuses the order. */
  complete?(runId: string): Promise<Completed>;
}

/** The run that answers a request. */
export type Admitted =
  /** Opened for this request, and watched since before. */
  | { readonly kind: 'opened'; readonly runId: string; readonly instance: string; readonly primed: Batches }
  /** Opened by an earlier request with the same key. */
  | { readonly kind: 'joined'; readonly runId: string; readonly instance: string; readonly lastSeq: number }
  /** So early a request that the run's log has expired since. */
  | { readonly kind: 'stored'; readonly runId: string; readonly snapshot: RunSnapshot };

const OPEN_POLL_MS = 20;

/**
 * Gives every order its run. Without an Idempotency-Key that is a new one. With one:
 *
 *   reserve(key, fingerprint, new id) -> new       open the run under that id; give the key back if that fails
 *                                     -> same      the run has a log: join it
 *                                                  no log yet: its opener is at work (wait a little), or died: open it
 *                                                  no log any more: the store has it
 *                                     -> conflict  409
 */
export class RunDesk {
  constructor(
    private readonly parts: {
      readonly runs: RunService;
      readonly admission: Admission;
      readonly turns: TurnDesk;
      readonly idempotency: Idempotency;
      readonly store: Pick<StoredRuns, 'run' | 'turns'>;
      readonly logger: Logger;
    },
  ) {}

  /**
   * @param signal aborts when the client goes away; the run is opened all the same, its end is the caller's decision.
   */
  async admit(order: Order, signal: AbortSignal): Promise<Admitted> {
    const { idempotency } = this.parts;
    const { claim } = order;
    const runId = newRunId();
    if (!claim) return this.open(order, runId, signal);
    const reservation = await withDeadline(idempotency.reserve(claim.scope, claim.fingerprint, runId));
    switch (reservation.kind) {
      case 'conflict':
        throw idempotencyConflict();
      case 'same':
        return this.join(order, reservation.runId, signal);
      case 'new':
        return this.openReserved(order, { runId, claim }, signal);
    }
  }

  private async openReserved(
    order: Order,
    { runId, claim }: { runId: string; claim: IdempotencyClaim },
    signal: AbortSignal,
  ): Promise<Admitted> {
    const { idempotency, logger } = this.parts;
    try {
      return await this.open(order, runId, signal);
    } catch (cause) {
      // If the key cannot be given back either, a retry opens the run under the reserved id.
      await withDeadline(idempotency.release(claim.scope, runId)).catch((failure: unknown) =>
        logger.warn({ err: failure, runId }, 'an idempotency key was not given back'),
      );
      throw cause;
    }
  }

  private async join(order: Order, runId: string, signal: AbortSignal): Promise<Admitted> {
    const head = await this.headOfOpening(runId);
    if (head?.deleted) throw deleted();
    if (head) return { kind: 'joined', runId, instance: head.instance, lastSeq: head.lastSeq };
    const snapshot = await this.parts.store.run(runId);
    if (snapshot) return { kind: 'stored', runId, snapshot };
    if ((await this.parts.store.turns(runId, 1)).length > 0) throw deleted();
    return this.open(order, runId, signal);
  }

  private async open(order: Order, runId: string, signal: AbortSignal): Promise<Admitted> {
    const { runs, admission } = this.parts;
    const completed: Completed = (await order.complete?.(runId)) ?? { draft: order.draft };
    const { draft } = completed;
    const tag = await admission.placeInQueue(order.owner, draft);
    // A turn that is taken for a run that is refused then would keep others out.
    await completed.begin?.();
    const place = await this.placeOf({ ...order, draft }, runId);
    const { instance } = runs;
    const primed = runs.prime(runId, signal);
    let keep = false;
    try {
      keep = (await runs.open(specOf({ ...order, draft }, { runId, instance, ...place }), tag)) === 'opened';
    } finally {
      // Nobody reads it; its own failure adds nothing to what is thrown here.
      if (!keep) primed.return?.().catch(() => undefined);
    }
    if (keep) return { kind: 'opened', runId, instance, primed };
    const head = await runs.head(runId);
    if (!head) throw new GatewayError('run_log_lost', 'The events of this run were lost.');
    return { kind: 'joined', runId, instance: head.instance, lastSeq: head.lastSeq };
  }

  private async placeOf({ draft, owner, turn }: Order, runId: string): Promise<InTurn | undefined> {
    const { sessionId, conversationId } = draft;
    // A conversation has an order of its own.
    if (!turn || sessionId === undefined || conversationId !== undefined) return undefined;
    return { ...(await this.parts.turns.enter({ owner, sessionId }, runId, turn.whenBusy)), inTurn: true };
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

const deleted = (): GatewayError =>
  new GatewayError('run_not_found', 'What was made with this Idempotency-Key was deleted.', {
    param: 'Idempotency-Key',
  });

type InTurn = TurnPlace & { readonly inTurn: true };

/** @param facts with the place in the session, if it has one: parent and time come from there. */
function specOf(
  { draft, model, owner }: Order,
  facts: { readonly runId: string; readonly instance: string } & Partial<InTurn>,
): RunSpec {
  return { ...draft, version: RUN_SPEC_VERSION, owner, model, createdAt: Date.now(), ...facts };
}
