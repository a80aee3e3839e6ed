import { hasEnded, LIMITS, type CancelReason, type RunHead, type RunSnapshot, type RunStatus } from '#libs/contract';
import { approveRun, steerRun, type ApprovalResponse, type ResolvedApproval } from './control/answer-run.js';
import { cancelRun } from './ending/end-run.js';
import { Audience } from './following/audience.js';
import { IdleLooks } from './following/idle-looks.js';
import type { TailPorts } from './following/tail-run.js';
import { followRun, waitForRun, type FollowStart, type TakeBatch } from './following/follow-run.js';
import { startRun, type RunToStart, type StartedRun, type StartPorts, type StartTerms } from './opening/start-run.js';
import { findRun, readRun, type FindPorts, type FoundRun } from './reading/find-run.js';
import { newRunId } from './run-id.js';

/** All ports that this library needs: the Redis of libs/bus, and the store of libs/store-client. */
export type RunsPorts = StartPorts & FindPorts;

/**
 * The life of runs, for a process that starts and follows them: the API, a messenger, a page. It never waits on a job,
 * it watches a log. Every method works on any replica, whichever process opened the run.
 *
 *   start -> queued -> claimed by a worker -> its events (follow, wait) -> terminal event -> the store has its row
 *                                               \__ parked: waits for an answer (approve), at most until its deadline
 *   stop, cancel, steer: at any time
 *
 *   const runs = new Runs({ log: redisRunLog(connection), hub: redisLiveHub(subscriber, instance), ... });
 *   const run = await runs.start({ draft, owner: 'alice', model: 'talaria' });
 *   await runs.attend(run.runId, () => runs.follow({ ...run, after: 0 }, say, signal), () => isGone);
 *
 * All methods reject with GatewayError: `queue_unavailable` when Redis does not answer in time, and as their own
 * comments say. A run is addressed with the name of the API key that it belongs to; another key's run is one that does
 * not exist.
 */
export class Runs {
  /** Who listens to runs through this process. */
  readonly audience: Audience;

  private readonly ports: RunsPorts & Pick<TailPorts, 'looks'>;

  constructor(ports: RunsPorts) {
    this.ports = { ...ports, looks: new IdleLooks(ports.log) };
    this.audience = new Audience(ports);
  }

  /** Name of this process: `instance` of the runs that it opens. */
  get instance(): string {
    return this.ports.hub.instance;
  }

  /** Starts a run and returns as soon as it is queued. Throws like `startRun`. */
  start(run: RunToStart, terms: Partial<StartTerms> = {}): Promise<StartedRun> {
    return startRun(this.ports, run, { runId: newRunId(), isNewId: terms.runId === undefined, ...terms });
  }

  /** Passes a run's events to `take`, each once, until the run has ended. Throws like `followRun`. */
  follow(start: FollowStart, take: TakeBatch, signal: AbortSignal): Promise<void> {
    return followRun(this.ports, start, take, signal);
  }

  /** The run's state at its end, or when `signal` aborts. Throws like `followRun`. */
  wait(start: FollowStart, signal: AbortSignal): Promise<RunSnapshot> {
    return waitForRun(this.ports, start, signal);
  }

  /** Does `work` as a listener of the run; see `Audience.attend`. */
  attend<T>(runId: string, work: () => Promise<T>, isUnwanted?: () => boolean): Promise<T> {
    return this.audience.attend(runId, work, isUnwanted);
  }

  /** Throws GatewayError `run_not_found`; `unavailable` when only the store could know and it is away. */
  find(runId: string, owner: string): Promise<FoundRun> {
    return findRun(this.ports, runId, owner);
  }

  /** Everything known about a run, ended or not. Throws like `find`, and `run_expired` when nothing was kept. */
  get(runId: string, owner: string): Promise<RunSnapshot> {
    return readRun(this.ports, runId, owner);
  }

  /** The head of any run, whichever key it belongs to: the caller must be allowed to see it. */
  head(runId: string): Promise<RunHead | undefined> {
    return this.ports.log.head(runId);
  }

  /**
   * Requests the end of a run and waits a little for it. Repeating the call changes nothing. Throws like `find`.
   * @returns a final status, or 'stopping' when the worker has not ended the run within LIMITS.stopWaitMsMax.
   */
  async stop(runId: string, owner: string): Promise<RunStatus | 'stopping'> {
    const found = await this.find(runId, owner);
    if (found.kind === 'stored') return found.snapshot.status;
    await this.cancel(runId, 'requested');
    const { instance } = found.head;
    const snapshot = await this.wait({ runId, instance, after: 0 }, AbortSignal.timeout(LIMITS.stopWaitMsMax));
    return hasEnded(snapshot) ? snapshot.status : 'stopping';
  }

  /** Requests the end of a run, whichever key it belongs to, without waiting for it. See `cancelRun`. */
  async cancel(runId: string, reason: CancelReason): Promise<void> {
    await cancelRun(this.ports, runId, reason);
  }

  /** Answers the requests for which a parked run waits. Throws like `approveRun`. */
  approve(runId: string, owner: string, answer: ApprovalResponse): Promise<ResolvedApproval> {
    return approveRun(this.ports, { runId, owner }, answer);
  }

  /** Leaves a text that the model reads at its next step. Throws like `steerRun`. */
  steer(runId: string, owner: string, text: string): Promise<void> {
    return steerRun(this.ports, { runId, owner }, text);
  }
}
