import type { CancelOutcome, CancelReason, RunSignals, TerminalEvent } from '#libs/contract';
import { settleEnded, type EndedRun, type EndPorts } from './settle-ended.js';

/**
 * Ends a run, whichever attempt writes it, and settles everything that the run held.
 * @returns false: the run had ended before, or has no log.
 */
export async function endRun(ports: EndPorts, run: EndedRun, event: TerminalEvent): Promise<boolean> {
  return (await endRuns(ports, [run], event)).length > 0;
}

/** Like `endRun`, for many runs at once. @returns the ids of those that this call ended. */
export async function endRuns(
  ports: EndPorts,
  runs: readonly EndedRun[],
  event: TerminalEvent,
): Promise<readonly string[]> {
  const ends = await Promise.all(runs.map(({ runId }) => ports.log.end(runId, event)));
  const ended = runs.filter((_, i) => ends[i]);
  await settleEnded(ports, ended);
  return ended.map(({ runId }) => runId);
}

export interface CancelPorts extends EndPorts {
  readonly log: EndPorts['log'] & RunSignals;
}

/**
 * Requests the end of a run: sets a durable flag, then sends a hint to its writer. A run without a worker (queued or
 * parked) has ended when this resolves, and everything that it held is settled. Repeating the call changes nothing.
 */
export async function cancelRun(ports: CancelPorts, runId: string, reason: CancelReason): Promise<CancelOutcome> {
  const outcome = await ports.log.requestCancel(runId, reason);
  if (outcome.kind === 'cancelled') await settleEnded(ports, [{ runId, waitingJob: outcome.generation }]);
  return outcome;
}
