import { sessionOfTurn, type ApprovalMemory, type PersistQueue, type RunJournal, type RunSpec } from '#libs/contract';
import { handOnTurn, type TurnPorts } from './hand-on-turn.js';

export interface EndPorts extends TurnPorts {
  readonly log: RunJournal;
  readonly persist: Pick<PersistQueue, 'enqueue'>;
  readonly approvals: Pick<ApprovalMemory, 'leaveWait'>;
  /**
   * Called with a step that failed after a run had ended. Absent: the failure is thrown after all steps were tried. The
   * scheduler finds and repeats every failed step that is reported here, so nothing is lost.
   */
  onUnsettled?(failure: Unsettled): void;
}

/** A step after the end of a run that was not done. */
export interface Unsettled {
  readonly cause: unknown;
  readonly runId: string;
  /** Description for a log line. */
  readonly what: string;
}

/** A run that has its terminal event. */
export interface EndedRun {
  readonly runId: string;
  /** When given, the log need not be read for it. */
  readonly spec?: RunSpec;
  /** Generation of the job that still waits for the run. Absent: a worker had the run, so no job waits. */
  readonly waitingJob?: number;
}

/**
 * The steps after the terminal event of a run, whichever process wrote the event:
 *
 *   persist         the store gets the run
 *   hand on         the next turn of its session is queued, if the run took one
 *   stop waiting    a parked run no longer counts among its key's waiting runs
 *   dequeue         a worker would only find that the run has ended
 *
 * Every step may be repeated.
 * @param ended persisted together, in one batch.
 */
export async function settleEnded(ports: EndPorts, ended: readonly EndedRun[]): Promise<void> {
  if (ended.length === 0) return;
  const failures: Unsettled[] = [];
  const attempt = async ([runId, what]: readonly [string, string], step: () => Promise<unknown>): Promise<void> => {
    await step().catch((cause: unknown) => failures.push({ cause, runId, what }));
  };
  const [{ runId: first }] = ended as [EndedRun];
  const runIds = ended.map(({ runId }) => runId);
  const persisted = attempt([first, 'an ended run was not enqueued for the store'], () =>
    ports.persist.enqueue(runIds),
  );
  for (const run of ended) {
    const { runId, waitingJob } = run;
    await attempt([runId, 'a turn was not handed on, or an ended run still counts as waiting'], () =>
      release(ports, run),
    );
    if (waitingJob === undefined) continue;
    await attempt([runId, 'the job of an ended run was left in the queue'], () =>
      ports.queue.remove(runId, waitingJob),
    );
  }
  await persisted;
  if (failures[0] && !ports.onUnsettled) throw failures[0].cause;
  for (const failure of failures) ports.onUnsettled?.(failure);
}

/** Gives back what the run held of its key and of its session. */
async function release(ports: EndPorts, { runId, spec, waitingJob = 0 }: EndedRun): Promise<void> {
  const held = spec ? { owner: spec.owner, turnOf: sessionOfTurn(spec) } : await ports.log.head(runId);
  if (!held) return;
  const { owner, turnOf } = held;
  const isParked = waitingJob > 0;
  await Promise.all([
    turnOf !== undefined && handOnTurn(ports, { owner, sessionId: turnOf }, runId),
    isParked && ports.approvals.leaveWait(owner, runId),
  ]);
}
