import { runAgent } from '#libs/agent';
import {
  AppendRefused,
  queuedEvent,
  type JobOutcome,
  type RunJob,
  type RunLog,
  type RunWriter,
  type RunWriters,
} from '#libs/bus';
import {
  EMPTY_SNAPSHOT,
  fold,
  foldAll,
  GatewayError,
  LIMITS,
  toRunError,
  type CancelReason,
  type LoggedEvent,
  type ModelRoute,
  type RunSnapshot,
  type RunSpec,
  type TerminalEvent,
  type Tool,
} from '#libs/contract';
import type { ActiveRun, ActiveRuns } from './active-runs.js';

export interface RunPorts {
  readonly workerId: string;
  readonly log: RunLog;
  readonly writers: RunWriters;
  readonly active: ActiveRuns;
  readonly tools: readonly Tool[];
  readonly settings: { systemPrompt: string; stepsMax: number; toolSecondsMax: number; runSecondsMax: number };
  route(model: string): ModelRoute;
  /** Told of every run that has ended here. */
  ended(runId: string): void;
  /** Told of failures that are ours; the run's listeners see only `internal_error`. */
  onInternalError(runId: string, cause: unknown): void;
}

/** Why a run's signal was aborted, when it is not a failure. */
class RunCancelled extends Error {
  constructor(readonly cancelReason: CancelReason) {
    super(`cancelled: ${cancelReason}`);
  }
}
class RunTakenAway extends Error {}

/**
 * Job in, events out. Life of one attempt:
 *
 *   claim (fence first) -> read and fold the log -> run.started -> agent loop -> terminal event, acknowledged -> done
 *     ended | fenced: nothing to do                       \__ cancelled, failed, timed out: the terminal event says so
 *                                                         \__ taken away (drain): hand_back, without a terminal event
 *                                                          \__ append refused: stop; somebody else owns the run
 */
export async function processRun(job: RunJob, ports: RunPorts): Promise<JobOutcome> {
  const { runId, attempt } = job;
  const claim = await ports.log.claim(runId, attempt, ports.workerId);
  // The API sends the log and the job together. A job that came first is tried again by the queue; one whose log never
  // comes is given up there.
  if (claim.kind === 'unknown') throw new Error('the run has no log');
  if (claim.kind === 'ended') ports.ended(runId);
  if (claim.kind !== 'claimed') return 'done';

  const abort = new AbortController();
  const run: ActiveRun = { busy: true, cancel: (reason) => abort.abort(new RunCancelled(reason)) };
  const writer = ports.writers.open({
    runId,
    attempt,
    lastSeq: claim.lastSeq,
    onCancel: run.cancel,
    onRefused: (refused) => abort.abort(refused),
  });
  if (claim.cancel) run.cancel(claim.cancel);
  const release = armSignals(job, abort, ports.settings.runSecondsMax);
  ports.active.add(runId, run);
  try {
    const before = await readLog(ports.log, claim.spec, claim.lastSeq);
    const terminal = await execute({ job, spec: claim.spec, before, run, writer, abort }, ports);
    if (terminal === 'hand_back') return 'hand_back';
    await writer.emit(terminal);
    await writer.flushed();
    ports.ended(runId);
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
  return () => {
    clearTimeout(timer);
    job.signal.removeEventListener('abort', takeAway);
  };
}

function startTimer(ms: number, fire: () => void): () => void {
  const timer = setTimeout(fire, ms);
  return () => clearTimeout(timer);
}

/** The fold of the log up to `lastSeq`. A fresh run's only event is known from its spec and need not be read. */
async function readLog(log: RunLog, spec: RunSpec, lastSeq: number): Promise<RunSnapshot> {
  let snapshot = fold(EMPTY_SNAPSHOT, queuedEvent(spec));
  while (snapshot.lastSeq < lastSeq) {
    const page: LoggedEvent[] = await log.read(spec.runId, snapshot.lastSeq);
    if (page.length === 0) throw new GatewayError('run_log_lost', 'The events of this run were lost.');
    snapshot = foldAll(page, snapshot);
  }
  return snapshot;
}

interface Execution {
  readonly job: RunJob;
  readonly spec: RunSpec;
  readonly before: RunSnapshot;
  readonly run: ActiveRun;
  readonly writer: RunWriter;
  readonly abort: AbortController;
}

/** Runs the agent and turns however it ended into the run's terminal event. Rejects only when the run is not ours. */
async function execute(execution: Execution, ports: RunPorts): Promise<TerminalEvent | 'hand_back'> {
  const { job, spec, before, run, writer, abort } = execution;
  const { signal } = abort;
  try {
    await writer.emit({ type: 'run.started', attempt: job.attempt, worker: ports.workerId });
    signal.throwIfAborted();
    if (job.crashes >= LIMITS.attemptsMax) {
      throw new GatewayError('worker_lost', `The run was given up: ${job.crashes} workers died over it.`);
    }
    return await runAgent(spec, before, {
      route: ports.route(spec.model),
      tools: ports.tools,
      emit: (event) => {
        run.busy = true;
        return writer.emit(event);
      },
      flushed: () => writer.flushed(),
      signal,
      now: Date.now,
      startTimer,
      settings: ports.settings,
    });
  } catch (cause) {
    // An abort may surface as anything a library throws; its reason is what counts.
    return toTerminal(signal.aborted ? signal.reason : cause, spec.runId, ports);
  }
}

function toTerminal(cause: unknown, runId: string, ports: RunPorts): TerminalEvent | 'hand_back' {
  if (cause instanceof AppendRefused) throw cause;
  if (cause instanceof RunTakenAway) return 'hand_back';
  if (cause instanceof RunCancelled) return { type: 'run.cancelled', reason: cause.cancelReason };
  const error = toRunError(cause);
  if (error.code === 'internal_error') ports.onInternalError(runId, cause);
  return { type: 'run.failed', error };
}

/** What is left to do for a run whose appends were refused, or whose log could not be read. */
async function settleRefusal(runId: string, cause: unknown, ports: RunPorts): Promise<JobOutcome> {
  if (cause instanceof AppendRefused && cause.reason === 'unreachable') throw cause;
  if (cause instanceof AppendRefused && cause.reason !== 'full') return 'done';
  const error = toRunError(
    cause instanceof AppendRefused
      ? new GatewayError('run_log_full', 'The run produced more than may be kept.')
      : cause,
  );
  if (error.code === 'queue_unavailable') throw cause;
  if (error.code === 'internal_error') ports.onInternalError(runId, cause);
  if (await ports.log.end(runId, { type: 'run.failed', error })) ports.ended(runId);
  return 'done';
}
