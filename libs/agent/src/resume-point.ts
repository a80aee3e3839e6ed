import { NO_USAGE, type ToolCallItem } from '#libs/contract';
import type { AgentRun } from './agent-run.js';
import { callsOf } from './calls/calls-of.js';
import { shownStep } from './repeated-text.js';
import { runCalls } from './calls/run-calls.js';

/**
 * Closes the step that a lost worker or a parked run left open, if there is one.
 *
 * A step that had begun to execute its calls, or had asked for approval of one, is finished. Its calls were complete
 * and some may have had effects, so asking the model again could repeat them. The usage of such a step is lost with the
 * worker, unless the run was parked. A step with calls can only have ended with `tool_calls`. A step that only showed
 * text stays open, because the next answer may repeat it (repeated-text.ts). Any other step is interrupted, and the
 * model is asked again in a new step.
 */
export async function settleOpenStep(run: AgentRun): Promise<void> {
  const snapshot = run.book.snapshot();
  const last = snapshot.steps.at(-1);
  if (last?.status !== 'in_progress') return;
  const { step, usage = NO_USAGE } = last;
  const calls = callsOf(snapshot, step);
  if (shownStep(snapshot)) return;
  if (!hadBegunToExecute(calls)) {
    await run.book.emit({ type: 'step.interrupted', step, reason: 'worker_lost' });
    return;
  }
  await runCalls(run, step, usage);
  await run.book.emit({ type: 'step.completed', step, finishReason: 'tool_calls', usage });
}

function hadBegunToExecute(calls: readonly ToolCallItem[]): boolean {
  return calls.every((call) => call.ready) && calls.some((call) => call.dispatched || call.approval);
}
