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

/** Everything outside the process that a life of runs needs: the Redis of libs/bus, the store of libs/store-client. */
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

  /** Starts a run and returns as soon as it is queued. Throws as `startRun` does. */
  start(run: RunToStart, terms: Partial<StartTerms> = {}): Promise<StartedRun> {
    return startRun(this.ports, run, { runId: newRunId(), isNewId: terms.runId === undefined, ...terms });
  }

  /** Gives a run's events to `take`, each once, until it is over. Throws as `followRun` does. */
  follow(start: FollowStart, take: TakeBatch, signal: AbortSignal): Promise<void> {
    return followRun(this.ports, start, take, signal);
  }

  /** The run's state at its end, or when `signal` aborts. Throws as `followRun` does. */
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

  /** All that is known of a run, whether it goes on or not. Throws as `find` does; `run_expired`: nothing was kept. */
  get(runId: string, owner: string): Promise<RunSnapshot> {
    return readRun(this.ports, runId, owner);
  }

  /** Of a run that this process may see anyway, whatever key it belongs to. */
  head(runId: string): Promise<RunHead | undefined> {
    return this.ports.log.head(runId);
  }

  /**
   * Asks for the end of a run and waits a little for it. Repeating it changes nothing. Throws as `find` does.
   * @returns a final status, or 'stopping' when the worker has not ended it within LIMITS.stopWaitMsMax.
   */
  async stop(runId: string, owner: string): Promise<RunStatus | 'stopping'> {
    const found = await this.find(runId, owner);
    if (found.kind === 'stored') return found.snapshot.status;
    await this.cancel(runId, 'requested');
    const { instance } = found.head;
    const snapshot = await this.wait({ runId, instance, after: 0 }, AbortSignal.timeout(LIMITS.stopWaitMsMax));
    return hasEnded(snapshot) ? snapshot.status : 'stopping';
  }

  /** Asks for the end of a run, whatever key it belongs to, and does not wait for it. See `cancelRun`. */
  async cancel(runId: string, reason: CancelReason): Promise<void> {
    await cancelRun(this.ports, runId, reason);
  }

  /** Answers what a parked run waits for. Throws as `approveRun` does. */
  approve(runId: string, owner: string, answer: ApprovalResponse): Promise<ResolvedApproval> {
    return approveRun(this.ports, { runId, owner }, answer);
  }

  /** Leaves a text that the model reads at its next step. Throws as `steerRun` does. */
  steer(runId: string, owner: string, text: string): Promise<void> {
    return steerRun(this.ports, { runId, owner }, text);
  }
}
