import { handOnTurn, isRunId, tailRun, turnOver, withDeadline, type TurnPorts } from '#libs/bus';
import {
  type ApprovalMemory,
  type CancelReason,
  EMPTY_SNAPSHOT,
  foldAll,
  GatewayError,
  hasEnded,
  isTerminal,
  LIMITS,
  type LiveHub,
  type LoggedEvent,
  type PersistQueue,
  type RunHead,
  type RunLog,
  type RunQueue,
  type RunSnapshot,
  type RunSpec,
  type RunStatus,
  type SessionRef,
  type SessionTurns,
  toRunError,
  type StoredRuns,
} from '#libs/contract';
import type { Logger } from '#libs/platform';
import { API_LIMITS } from '../words/api-limits.js';
import { backoff } from './backoff.js';
import { primed, type Batches } from './primed.js';

export interface RunPorts {
  readonly log: RunLog;
  readonly hub: LiveHub;
  readonly queue: RunQueue;
  readonly sessionTurns: SessionTurns;
  readonly persist: PersistQueue;
  readonly approvals: Pick<ApprovalMemory, 'leaveWait'>;
  readonly store: Pick<StoredRuns, 'run'>;
  readonly logger: Logger;
}

/** From where a run is followed. */
export interface FollowStart {
  readonly runId: string;
  readonly instance: string;
  /** Events with a greater seq are given. */
  readonly after: number;
  /** A tail that has been watching since before the run was opened. */
  readonly primed?: Batches;
  /** Asked after every batch: the rest is not wanted. */
  readonly isEnough?: () => boolean;
}

/** Takes a batch; a promise means "not faster than this". */
export type TakeBatch = (batch: readonly LoggedEvent[]) => Promise<void> | undefined;

/** A run as it can be found: alive in its log, or only as the rows it left. */
export type FoundRun =
  { readonly kind: 'logged'; readonly head: RunHead } | { readonly kind: 'stored'; readonly snapshot: RunSnapshot };

/** What the API does with runs: starts, follows, reads and cancels them. It never waits on a job, it watches a log. */
export class RunService {
  constructor(private readonly ports: RunPorts) {}

  /**
   * Opens the run's log and queues the run, in one round trip: both go over one connection, so the log is there before
   * a worker hears of the run, and a job without a log is dropped. 'exists' when somebody else opened it (its job is
   * theirs, and a second one is none). A run that could not be queued is ended, so that nobody waits for it for ever.
   * @param tag its place among the waiting runs.
   */
  async open(spec: RunSpec, tag = 0): Promise<'opened' | 'exists'> {
    if (spec.inTurn) return this.openInTurn(spec, tag);
    const { log, queue, logger } = this.ports;
    const [opened, queued] = await Promise.allSettled([
      withDeadline(log.open(spec)),
      withDeadline(queue.enqueue(spec.runId, tag)),
    ]);
    if (opened.status === 'rejected') {
      // Whether the log was opened is not known. The client is told to try again, so nobody wants this run.
      this.cancel(spec.runId, 'requested').catch(() => undefined);
      throw opened.reason;
    }
    if (opened.value === 'exists' || queued.status === 'fulfilled') return opened.value;
    // If this fails too, Redis is away altogether; the scheduler's reconciler finds the run and ends it.
    await this.endUnqueued(spec.runId, queued.reason).catch((failure: unknown) =>
      logger.warn({ err: failure, runId: spec.runId }, 'a run that was not queued could not be ended'),
    );
    throw queued.reason;
  }

  /**
   * As `open`, for a run that has its place in a session: it is queued now only when nobody's turn goes on there; else
   * whoever ends the turn before it does that. When it cannot be opened, its place is given up.
   */
  private async openInTurn(spec: RunSpec, tag: number): Promise<'opened' | 'exists'> {
    const { log, queue, sessionTurns } = this.ports;
    const { runId, owner, sessionId = '' } = spec;
    const session = { owner, sessionId };
    try {
      const opened = await withDeadline(log.open(spec));
      const place = await sessionTurns.ready(session, runId);
      // Of an earlier try of the same request: its run may be over by now.
      if (place === 'evicted' && opened === 'exists') return 'exists';
      if (place === 'evicted') throw new GatewayError('unavailable', 'The run could not be opened in time. Try again.');
      if (place === 'turn') await withDeadline(queue.enqueue(runId, tag));
      return opened;
    } catch (cause) {
      this.giveUp(session, runId).catch((failure: unknown) => this.warn(failure, runId, 'a turn was not given up'));
      throw cause;
    }
  }

  /** The client is told to try again, so nobody wants this run, if it was opened at all. */
  private async giveUp(session: SessionRef, runId: string): Promise<void> {
    await this.cancel(runId, 'requested');
    await handOnTurn(this.turnPorts, session, runId);
  }

  /** Starts watching before the run is opened, so that its first events need no read of the log. */
  prime(runId: string, signal: AbortSignal): Batches {
    const { log, hub } = this.ports;
    const tail = tailRun({ log, hub }, { runId, instance: hub.instance, after: 0, caughtUp: true }, signal);
    return primed(tail);
  }

  /** This process's name, for the runs it opens. */
  get instance(): string {
    return this.ports.hub.instance;
  }

  /**
   * Gives `take` everything after `start.after`, in order, each event once, and resolves after the terminal event, or
   * early when `signal` aborts or `isEnough` says so. While Redis is away it waits and goes on where it was (fault R2),
   * for API_LIMITS.relayOutageMsMax. Throws GatewayError `run_log_lost` or `queue_unavailable`.
   */
  async follow(start: FollowStart, take: TakeBatch, signal: AbortSignal): Promise<void> {
    const { log, hub } = this.ports;
    const { runId, instance, isEnough } = start;
    const outage = backoff(API_LIMITS.relayRetryMsMax, API_LIMITS.relayOutageMsMax);
    let after = start.after;
    const takeAll = async (tail: AsyncIterable<readonly LoggedEvent[]>): Promise<void> => {
      for await (const batch of tail) {
        const pause = take(batch);
        if (pause) await pause;
        after = batch.at(-1)?.seq ?? after;
        outage.reset();
        if (isEnough?.()) return;
      }
    };
    for (let { primed } = start; ; primed = undefined) {
      try {
        return await takeAll(primed ?? tailRun({ log, hub }, { runId, instance, after }, signal));
      } catch (cause) {
        const isOutage = cause instanceof GatewayError && cause.code === 'queue_unavailable';
        if (!isOutage || !(await outage.wait(signal))) throw cause;
      }
    }
  }

  /** The run's state after its terminal event, or as far as it came when `signal` aborts. Throws as `follow` does. */
  async wait(start: FollowStart, signal: AbortSignal): Promise<RunSnapshot> {
    let snapshot = EMPTY_SNAPSHOT;
    const take: TakeBatch = (batch) => {
      snapshot = foldAll(batch, snapshot);
      return undefined;
    };
    await this.follow(start, take, signal);
    return snapshot;
  }

  /**
   * Finds a run of this owner. Throws GatewayError `run_not_found`, the same for a run that does not exist, was never
   * ours, or has no well-formed id; `unavailable` when only the store could know and it is away.
   */
  async find(runId: string, owner: string): Promise<FoundRun> {
    if (!isRunId(runId)) throw runNotFound();
    const head = await this.head(runId);
    if (head) {
      if (head.owner !== owner || head.deleted) throw runNotFound();
      return { kind: 'logged', head };
    }
    const snapshot = await this.ports.store.run(runId);
    if (snapshot?.owner !== owner) throw runNotFound();
    return { kind: 'stored', snapshot };
  }

  head(runId: string): Promise<RunHead | undefined> {
    return withDeadline(this.ports.log.head(runId));
  }

  /** Everything known about a run of this owner. Throws as `find` does. */
  async get(runId: string, owner: string): Promise<RunSnapshot> {
    const found = await this.find(runId, owner);
    if (found.kind === 'stored') return found.snapshot;
    const snapshot = await this.foldLog(runId);
    if (snapshot.lastSeq > 0) return snapshot;
    // The log expired between the two reads.
    const stored = await this.ports.store.run(runId);
    if (!stored) throw runNotFound();
    return stored;
  }

  /**
   * Asks for the end of a run of this owner and waits a little for it. Repeating it changes nothing. @returns the
   * status: a final one, or 'stopping' when the worker has not ended it within API_LIMITS.stopWaitMsMax.
   */
  async stop(runId: string, owner: string): Promise<RunStatus | 'stopping'> {
    const found = await this.find(runId, owner);
    if (found.kind === 'stored') return found.snapshot.status;
    await this.cancel(runId, 'requested');
    const { instance } = found.head;
    const patience = AbortSignal.timeout(API_LIMITS.stopWaitMsMax);
    const snapshot = await this.wait({ runId, instance, after: 0 }, patience);
    return hasEnded(snapshot) ? snapshot.status : 'stopping';
  }

  /** Whether somebody listens to a run through another process than this one and than the one that opened it. */
  async isHeardElsewhere(runId: string): Promise<boolean> {
    return (await withDeadline(this.ports.log.followersElsewhere(runId))) > 0;
  }

  /** Durable flag first; a run that no worker has, being queued or parked, is over at once and leaves the queue. */
  async cancel(runId: string, reason: CancelReason): Promise<void> {
    const { log, queue } = this.ports;
    const outcome = await withDeadline(log.requestCancel(runId, reason));
    if (outcome.kind !== 'cancelled') return;
    this.persistSoon(runId);
    await this.handOn(runId);
    if (outcome.generation > 0) await this.leaveWait(runId);
    // Left in the queue it would only be found ended by a worker.
    await withDeadline(queue.remove(runId, outcome.generation));
  }

  /** A parked run that is over no longer counts among its key's waiting runs. What fails here ends at its deadline. */
  private async leaveWait(runId: string): Promise<void> {
    const { log, approvals } = this.ports;
    await withDeadline(log.head(runId))
      .then((head) => head && withDeadline(approvals.leaveWait(head.owner, runId)))
      .catch((cause: unknown) => this.warn(cause, runId, 'a stopped run still counts as waiting'));
  }

  private async foldLog(runId: string): Promise<RunSnapshot> {
    let snapshot = EMPTY_SNAPSHOT;
    for (;;) {
      const batch = await withDeadline(this.ports.log.read(runId, snapshot.lastSeq));
      snapshot = foldAll(batch, snapshot);
      const last = batch.at(-1);
      if (!last || isTerminal(last) || batch.length < LIMITS.relayReadBatchMax) return snapshot;
    }
  }

  private async endUnqueued(runId: string, cause: unknown): Promise<void> {
    const { log } = this.ports;
    await withDeadline(log.end(runId, { type: 'run.failed', error: toRunError(cause) }));
    this.persistSoon(runId);
  }

  /** What is not handed on here the scheduler hands on a little later. */
  private async handOn(runId: string): Promise<void> {
    await turnOver(this.turnPorts, runId).catch((cause: unknown) =>
      this.warn(cause, runId, 'a turn was not handed on'),
    );
  }

  private get turnPorts(): TurnPorts {
    const { log, queue, sessionTurns: turns } = this.ports;
    return { log, queue, turns };
  }

  private warn(cause: unknown, runId: string, what: string): void {
    this.ports.logger.warn({ err: cause, runId }, what);
  }

  /** A hint only: what is not enqueued here is found by the scheduler among the unconfirmed runs. */
  private persistSoon(runId: string): void {
    withDeadline(this.ports.persist.enqueue([runId])).catch((cause: unknown) =>
      this.warn(cause, runId, 'an ended run was not enqueued for the store'),
    );
  }
}

const runNotFound = (): GatewayError => new GatewayError('run_not_found', 'There is no run with this id.');
