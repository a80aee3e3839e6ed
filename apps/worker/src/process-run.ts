import { runAgent, RunLeft, RunParked } from '#libs/agent';
import { AppendRefused, type JobOutcome, type RunJob, type RunWriters } from '#libs/bus';
import {
  type CancelReason,
  type Claim,
  EMPTY_SNAPSHOT,
  type EventOf,
  fold,
  GatewayError,
  LIMITS,
  type Message,
  type ModelRoute,
  queuedEvent,
  type RunEvent,
  type RunLog,
  type RunSnapshot,
  type RunSpec,
  RunStopped,
  type RunWriter,
  type TerminalEvent,
  type Tool,
  toRunError,
} from '#libs/contract';
import type { TracedAttempt } from '#libs/tracing';
import { endRun, foldLog, settleEnded, type EndPorts } from '#libs/runs';
import type { ActiveRun, ActiveRuns } from './active-runs.js';
import type { LastAttempts } from './last-attempts.js';
import { ParkFailed, runApprovals, type ApprovalParts } from './run-approvals.js';
import { RunControls } from './run-controls.js';
import { closeSpend, runSpend, type SpendParts } from './run-spend.js';

/** The ports that an attempt at a run needs from its worker. */
export interface AttemptPorts {
  readonly workerId: string;
  readonly log: RunLog;
  readonly writers: RunWriters;
  readonly active: ActiveRuns;
  readonly lastAttempts: LastAttempts;
  readonly approvals: ApprovalParts;
  readonly spending: SpendParts;
  /** For the end of runs. A step that fails there is thrown, so that the queue brings the job again. */
  readonly ending: EndPorts;
  readonly settings: { systemPrompt: string; stepsMax: number; toolSecondsMax: number; runSecondsMax: number };
  /** Told when a call begins to wait for a human. */
  approvalRequested(spec: RunSpec, event: EventOf<'approval.requested'>): void;
  route(spec: RunSpec): ModelRoute | Promise<ModelRoute>;
  /** undefined: the run is this worker's. Else another one should look at it after so many milliseconds. */
  handOnMs(job: RunJob): Promise<number | undefined> | undefined;
  /**
   * Told of a run before it is claimed, so that what its model call needs of Redis travels with the claim. The returned
   * function is called when the attempt is over.
   */
  prepare?(job: RunJob): (() => void) | undefined;
  /** The server tools that the run may use. */
  toolsFor(spec: RunSpec): Promise<readonly Tool[]>;
  /** Everything that the model reads: the conversation that the run continues, then the run's own input. */
  conversation(spec: RunSpec): Promise<readonly Message[]>;
  /** The session in whose workspace the run's tools work. */
  sessionOf(spec: RunSpec): Promise<string | undefined>;
  /** Follows an attempt for its trace. Absent, or undefined for this run: nobody wants to see it. */
  traced?(spec: RunSpec, attempt: number): TracedAttempt | undefined;
  /** Called with the end of every attempt, before its last event is sent. */
  settled(spec: RunSpec, attempt: number, end: TerminalEvent | 'hand_back' | 'parked'): void;
  /** Called with failures of our own code. The run's listeners see only `internal_error`. */
  onInternalError(runId: string, cause: unknown): void;
}

/** A reason to abort a run that is not a failure. */
class RunCancelled extends RunStopped {
  constructor(readonly cancelReason: CancelReason) {
    super(`cancelled: ${cancelReason}`);
  }
}
class RunTakenAway extends Error {}

/**
 * Job in, events out. A run of a model that this worker lacks is handed on, untouched. An attempt that may be the run's
 * last first waits for its slot (LastAttempts). Life of one:
 *
 *   claim (fence first; it begins a fresh run) -> read and fold the log -> agent loop -> terminal event, acked -> done
 *     ended | fenced: nothing to do                       \__ cancelled, failed, timed out: the terminal event says so
 *                                                         \__ the worker leaves: hand_back, without a terminal event
 *                                                         \__ parked: done, without a terminal event; another job comes
 *                                                          \__ append refused: stop; another attempt writes the run
 */
export async function processRun(job: RunJob, ports: AttemptPorts): Promise<JobOutcome> {
  const handOnMs = await ports.handOnMs(job);
  if (handOnMs !== undefined) return { handOnMs };
  job.accepted();
  if (job.crashes < LIMITS.attemptsMax - 1) return attemptRun(job, ports);
  const slot = await ports.lastAttempts.enter(job);
  if (!slot) return 'hand_back';
  try {
    return await attemptRun(job, ports);
  } finally {
    slot.leave();
  }
}

async function attemptRun(job: RunJob, ports: AttemptPorts): Promise<JobOutcome> {
  const release = ports.prepare?.(job);
  try {
    return await claimAndRun(job, ports);
  } finally {
    release?.();
  }
}

async function claimAndRun(job: RunJob, ports: AttemptPorts): Promise<JobOutcome> {
  const { runId, attempt, generation } = job;
  const start = { type: 'run.started', attempt: 1, worker: ports.workerId } as const;
  const claim = await ports.log.claim(runId, attempt, ports.workerId, { generation, start });
  // The API sends the log and the job together. If the job arrived first, the queue tries it again. If the log never
  // arrives, the queue gives the job up.
  if (claim.kind === 'unknown') throw new Error('the run has no log');
  if (claim.kind === 'ended') await settleEnded(ports.ending, [{ runId }]);
  if (claim.kind !== 'claimed') return 'done';

  const abort = new AbortController();
  const run: ActiveRun = { busy: true, cancel: (reason) => abort.abort(new RunCancelled(reason)) };
  const writer = ports.writers.open({
    runId,
    attempt,
    lastSeq: claim.lastSeq,
    ...(claim.bytes !== undefined && { bytes: claim.bytes }),
    ...(claim.begun && { begun: claim.begun }),
    instance: claim.spec.instance,
    onCancel: run.cancel,
    onRefused: (refused) => abort.abort(refused),
  });
  const { cancel } = claim.controls;
  if (cancel) run.cancel(cancel);
  const release = armSignals(job, abort, ports.settings.runSecondsMax);
  ports.active.add(runId, run);
  try {
    const before = await readClaimed(ports.log, claim);
    // A dying worker takes all its jobs down. Jobs that only waited for their slot had not claimed their runs.
    const crashes = Math.min(job.crashes, claim.claims);
    const controls = new RunControls(ports.log, runId, claim.controls);
    const trace = ports.traced?.(claim.spec, before.attempt + (claim.begun ? 0 : 1));
    const execution = { job, crashes, claim, before, controls, run, writer, abort, trace };
    const terminal = await execute(execution, ports).catch((cause: unknown) => {
      trace?.end('refused');
      throw cause;
    });
    trace?.end(terminal);
    ports.settled(claim.spec, attempt, terminal);
    if (terminal === 'hand_back') {
      // The next worker would repeat everything that has not reached the log.
      await writer.flushed();
      return 'hand_back';
    }
    if (terminal === 'parked') return 'done';
    await writer.emit(terminal);
    await writer.flushed();
    if (claim.spec.spend) await closeSpend(ports.spending, claim.spec).catch(() => undefined);
    // If this fails, the queue brings the job again, and that attempt finds the run ended.
    await settleEnded(ports.ending, [{ runId, spec: claim.spec }]);
    return 'done';
  } catch (cause) {
    return await settleRefusal(runId, cause, ports);
  } finally {
    release();
    ports.active.remove(runId, run);
  }
}

/** Aborts the run when its time is over or the queue takes it away. @returns a function that disarms both. */
function armSignals(job: RunJob, abort: AbortController, runSecondsMax: number): () => void {
  const timer = setTimeout(() => {
    abort.abort(new GatewayError('run_timeout', `The run took longer than ${runSecondsMax} s.`));
  }, runSecondsMax * 1_000);
  const takeAway = (): void => abort.abort(new RunTakenAway());
  job.signal.addEventListener('abort', takeAway, { once: true });
  // The signal may have aborted during the claim; the listener is then never called.
  if (job.signal.aborted) takeAway();
  return () => {
    clearTimeout(timer);
    job.signal.removeEventListener('abort', takeAway);
  };
}

function startTimer(ms: number, fire: () => void): () => void {
  const timer = setTimeout(fire, ms);
  return () => clearTimeout(timer);
}

/** The fold of the claimed log. The log of a fresh run is known without reading it. */
async function readClaimed(log: RunLog, { spec, lastSeq, begun }: Claimed): Promise<RunSnapshot> {
  const queued = fold(EMPTY_SNAPSHOT, queuedEvent(spec));
  if (begun) return fold(queued, begun);
  const snapshot = await foldLog(log, spec.runId, queued);
  if (snapshot.lastSeq < lastSeq) throw new GatewayError('run_log_lost', 'The events of this run were lost.');
  return snapshot;
}

type Claimed = Claim & { readonly kind: 'claimed' };

interface Execution {
  readonly job: RunJob;
  /** Number of workers that died, or lost the run, while they executed it. */
  readonly crashes: number;
  readonly claim: Claimed;
  readonly before: RunSnapshot;
  readonly controls: RunControls;
  readonly run: ActiveRun;
  readonly writer: RunWriter;
  readonly abort: AbortController;
  readonly trace: TracedAttempt | undefined;
}

/**
 * Runs the agent and turns any outcome into the run's terminal event. Rejects only when another attempt writes the run.
 */
async function execute(execution: Execution, ports: AttemptPorts): Promise<TerminalEvent | 'hand_back' | 'parked'> {
  const { job, crashes, claim, before, controls, run, writer, abort, trace } = execution;
  const { spec, begun } = claim;
  const { signal } = abort;
  try {
    if (!begun) await writer.emit({ type: 'run.started', attempt: before.attempt + 1, worker: ports.workerId });
    // A worker that was lost may have waited, too.
    if (job.generation > 0 || !begun) leaveWait(spec, ports);
    signal.throwIfAborted();
    if (crashes >= LIMITS.attemptsMax) {
      throw new GatewayError('worker_lost', `The run was given up: ${crashes} workers died over it.`);
    }
    const route = await ports.route(spec);
    const messages = await ports.conversation(spec);
    const sessionId = await ports.sessionOf(spec);
    const spend = runSpend(ports.spending, spec);
    const request = { ...spec, messages, ...(sessionId !== undefined && { sessionId }) };
    const agent = {
      route,
      tools: await ports.toolsFor(spec),
      emit: (event: RunEvent) => {
        run.busy = true;
        trace?.heard(event);
        if (event.type === 'approval.requested') ports.approvalRequested(spec, event);
        return writer.emit(event);
      },
      flushed: () => writer.flushed(),
      signal,
      isLeaving: job.isLeaving,
      now: Date.now,
      startTimer,
      steers: () => controls.steers(),
      approvals: runApprovals({ parts: ports.approvals, log: ports.log, job, spec, controls, cancel: run.cancel }),
      settings: ports.settings,
      ...(spend && { spend }),
    };
    const work = () => runAgent(request, before, agent);
    return await (trace ? trace.run(work) : work());
  } catch (cause) {
    // Another job continues the run, whatever else happened in between.
    if (cause instanceof RunParked) return 'parked';
    if (cause instanceof RunLeft) return 'hand_back';
    // An abort may surface as any error of any library. The signal's reason says why.
    return toTerminal(signal.aborted && !(cause instanceof ParkFailed) ? signal.reason : cause, spec.runId, ports);
  }
}

/** The count forgets a waiting run at its deadline anyway, so a failure costs little. */
function leaveWait({ owner, runId }: RunSpec, { approvals }: AttemptPorts): void {
  approvals.memory.leaveWait(owner, runId).catch(() => undefined);
}

function toTerminal(cause: unknown, runId: string, ports: AttemptPorts): TerminalEvent | 'hand_back' {
  if (cause instanceof AppendRefused || cause instanceof ParkFailed) throw cause;
  if (cause instanceof RunTakenAway) return 'hand_back';
  if (cause instanceof RunCancelled) return { type: 'run.cancelled', reason: cause.cancelReason };
  const error = toRunError(cause);
  if (error.code === 'internal_error') ports.onInternalError(runId, cause);
  return { type: 'run.failed', error };
}

/** Finishes an attempt whose appends were refused, or whose log could not be read. */
async function settleRefusal(runId: string, cause: unknown, ports: AttemptPorts): Promise<JobOutcome> {
  if (cause instanceof ParkFailed || (cause instanceof AppendRefused && cause.reason === 'unreachable')) throw cause;
  if (cause instanceof AppendRefused && cause.reason !== 'full' && cause.reason !== 'lost') return 'done';
  const error = toRunError(cause instanceof AppendRefused ? errorOfRefusal(cause.reason) : cause);
  if (error.code === 'queue_unavailable') throw cause;
  if (error.code === 'internal_error') ports.onInternalError(runId, cause);
  await endRun(ports.ending, { runId }, { type: 'run.failed', error });
  return 'done';
}

/** `lost`: Redis lost more of the log than its writer had kept, so no event can follow. */
const errorOfRefusal = (reason: AppendRefused['reason']): GatewayError =>
  reason === 'full'
    ? new GatewayError('run_log_full', 'The run produced more than may be kept.')
    : new GatewayError('run_log_lost', 'The events of this run were lost.');
