import { NO_USAGE, type ToolCallItem } from '#libs/contract';
import type { AgentRun } from './agent-run.js';
import { callsOf, runCalls } from './run-calls.js';

/**
 * Closes the step that a lost worker left open, if there is one.
 *
 * A step that had begun to execute its calls is finished: its calls were whole and some may have had effects, so asking
 * the model again could repeat them. Its usage is lost with the worker, and a step with calls can only have ended with
 * `tool_calls`. Any other step is interrupted: nothing came of it but text, and the model is asked again in a new step.
 */
export async function settleOpenStep(run: AgentRun): Promise<void> {
  const snapshot = run.book.snapshot();
  const last = snapshot.steps.at(-1);
  if (last?.status !== 'in_progress') return;
  const { step } = last;
  const calls = callsOf(snapshot, step);
  if (!hadBegunToExecute(calls)) {
    await run.book.emit({ type: 'step.interrupted', step, reason: 'worker_lost' });
    return;
  }
  await runCalls(run, step, calls);
  await run.book.emit({ type: 'step.completed', step, finishReason: 'tool_calls', usage: NO_USAGE });
}

function hadBegunToExecute(calls: readonly ToolCallItem[]): boolean {
  return calls.every((call) => call.ready) && calls.some((call) => call.dispatched);
}
