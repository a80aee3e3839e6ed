import {
  GatewayError,
  RUN_SPEC_VERSION,
  traceHeaders,
  type LiveHub,
  type RefusalReason,
  type RunDraft,
  type RunQueue,
  type RunSpec,
} from '#libs/contract';
import type { CancelPorts } from '../ending/end-run.js';
import { primed, type Batches } from '../following/primed.js';
import { tailRun } from '../following/tail-run.js';
import { enterSession, type SessionPorts, type SessionSpot } from '../placing/enter-session.js';
import { placeInQueue, type QueueRoom } from '../placing/place-in-queue.js';
import { openRun } from './open-run.js';

/** Seconds after which a full queue is worth another try. */
const QUEUE_FULL_RETRY_SECONDS = 5;

export interface StartPorts extends CancelPorts, SessionPorts {
  readonly hub: LiveHub;
  readonly room: QueueRoom;
}

/** A run to start, and for whom. */
export interface RunToStart {
  readonly draft: RunDraft;
  /** Name of the API key. */
  readonly owner: string;
  /** The model's name, resolved. */
  readonly model: string;
  /**
   * The run takes the next turn of `draft.sessionId`. Absent: it belongs to that session outside the order of turns.
   */
  readonly turn?: { readonly whenBusy: 'wait' | 'reject' };
  /**
   * Called when there is room for the run, before it is opened. If it throws, the run is refused. The function that it
   * returns undoes it, and is called when the run is refused after all.
   */
  begin?(): Promise<(() => Promise<void>) | undefined>;
}

export interface StartTerms {
  /** A new id (`newRunId`), or one that was reserved. */
  readonly runId: string;
  /** The id was made for this call, and is in no record from which the run could be started again. */
  readonly isNewId?: boolean;
  /** The scope of the idempotency key that the id was reserved with. */
  readonly reservedIn?: string;
  /**
   * Follows the run from before it is opened, so that its first events need no read of the log. An abort ends the
   * following.
   */
  readonly listenUntil?: AbortSignal;
}

export type StartedRun =
  | {
      readonly kind: 'opened';
      readonly runId: string;
      readonly instance: string;
      /** With `listenUntil`: give it to `follow`, or call its `return`. */
      readonly primed?: Batches | undefined;
    }
  /** The id was opened before. */
  | {
      readonly kind: 'joined';
      readonly runId: string;
      readonly instance: string;
      readonly lastSeq: number;
      readonly primed?: undefined;
    };

/**
 * Starts a run: finds a place in the queue, then its turn in the session, opens its log and queues it. Throws
 * GatewayError `queue_full` when there is no room, for all or for this key, and the errors of `enterSession` and
 * `openRun`.
 */
export async function startRun(ports: StartPorts, run: RunToStart, terms: StartTerms): Promise<StartedRun> {
  const { runId, isNewId = false, listenUntil, reservedIn } = terms;
  const tag = await tagOf(ports.queue, run, ports.room);
  // The lock comes after the check for room: a conversation locked for a refused run would keep other runs out.
  const takeBack = await run.begin?.();
  const spot = await sessionSpotOf(ports, run, runId);
  const { draft, owner, model } = run;
  const { instance } = ports.hub;
  const spec: RunSpec = {
    ...draft,
    version: RUN_SPEC_VERSION,
    owner,
    model,
    createdAt: Date.now(),
    runId,
    instance,
    ...traceHeaders(),
    ...spot,
  };
  const tail = listenUntil && primed(tailRun(ports, { runId, instance, after: 0, caughtUp: true }, listenUntil));
  const { orderBytesMax } = ports.room;
  const limits = orderBytesMax === undefined ? {} : { orderBytesMax };
  let isOurs = false;
  try {
    isOurs =
      (await openRun(ports, spec, { tag, isNewId, ...limits, ...(reservedIn !== undefined && { reservedIn }) })) ===
      'opened';
  } catch (cause) {
    if (takeBack && isRefusal(cause)) await gaveBack(ports, runId, takeBack);
    throw cause;
  } finally {
    // Nobody will read the tail, and its failure would add nothing to the error thrown here.
    if (!isOurs) tail?.return?.().catch(() => undefined);
  }
  if (isOurs) return { kind: 'opened', runId, instance, primed: tail };
  const head = await ports.log.head(runId);
  if (!head) throw new GatewayError('run_log_lost', 'The events of this run were lost.');
  return { kind: 'joined', runId, instance: head.instance, lastSeq: head.lastSeq };
}

/**
 * Whether it is certain that nothing was opened. After any other failure this is unknown, and a run that was opened
 * ends by itself.
 */
const isRefusal = (cause: unknown): boolean =>
  cause instanceof GatewayError && (cause.code === 'queue_full' || cause.code === 'run_not_found');

/** If this fails, other runs wait for as long as an opening may take, as they do when an opener dies. */
async function gaveBack({ onUnsettled }: StartPorts, runId: string, takeBack: () => Promise<void>): Promise<void> {
  try {
    await takeBack();
  } catch (cause) {
    onUnsettled?.({ cause, runId, what: 'the turn of a refused run was not given back' });
  }
}

async function sessionSpotOf(
  ports: SessionPorts,
  { draft, owner, turn }: RunToStart,
  runId: string,
): Promise<(SessionSpot & { readonly inTurn: true }) | undefined> {
  const { sessionId, conversationId } = draft;
  // A conversation has an order of its own.
  if (!turn || sessionId === undefined || conversationId !== undefined) return undefined;
  const { parentId, createdAt } = await enterSession(ports, {
    session: { owner, sessionId },
    runId,
    whenBusy: turn.whenBusy,
  });
  return { ...(parentId !== undefined && { parentId }), createdAt, inTurn: true };
}

async function tagOf(queue: RunQueue, { owner, draft }: RunToStart, room: QueueRoom): Promise<number> {
  const lane = draft.background || draft.jobId !== undefined ? 'background' : 'interactive';
  const spot = await placeInQueue(queue, { owner, lane }, room);
  if (spot.kind === 'placed') return spot.tag;
  switch (spot.by) {
    case 'all':
      throw queueFull('Too many runs are waiting for a worker.', 'queue_full');
    case 'key':
      throw queueFull('Too many runs of this API key are waiting for a worker.', 'key_queue_full');
    case 'memory':
      throw queueFull('Redis keeps the memory that it has left for runs that are there.', 'redis_memory');
  }
}

function queueFull(message: string, reason: RefusalReason): GatewayError {
  return new GatewayError('queue_full', message, { retryAfterSeconds: QUEUE_FULL_RETRY_SECONDS, reason });
}
