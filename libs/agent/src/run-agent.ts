import {
  GatewayError,
  hasEnded,
  SPEND_FIELDS,
  type RunSnapshot,
  type RunSpec,
  type SpendLimit,
  type TerminalEvent,
} from '#libs/contract';
import type { AgentRun } from './agent-run.js';
import { compactConversation, NOT_COMPACTED, type Compacted } from './compact-conversation.js';
import type { AgentPorts } from './ports.js';
import { settleOpenStep } from './resume-point.js';
import { openRunBook, type RunBook } from './run-book.js';
import { RunLeft } from './run-left.js';
import { RunParked } from './run-parked.js';
import { runStep } from './run-step.js';
import { SpendReached } from './spend/reserve-call.js';
import { openToolbox } from './toolbox.js';

/**
 * Runs a spec to its end: ask the model, execute its calls, repeat. `resume` is the fold of the run's log so far; the
 * run continues after the last completed step. Emits every event except the terminal one, which it returns for the
 * worker to write.
 *
 * Throws RunParked when the run waits for an approval, RunLeft when the worker leaves before the next step,
 * GatewayError when the run fails, and `ports.signal.reason` after an abort. Errors of `emit` and `flushed` are thrown
 * unchanged. After it has settled it emits nothing more, even if a tool was abandoned.
 */
export async function runAgent(spec: RunSpec, resume: RunSnapshot, ports: AgentPorts): Promise<TerminalEvent> {
  if (hasEnded(resume)) throw new Error(`run ${spec.runId} has its terminal event`);
  const book = openRunBook(resume, ports);
  const run: AgentRun = { spec, ports, book, toolbox: openToolbox(spec, ports.tools) };
  try {
    ports.signal.throwIfAborted();
    await settleOpenStep(run);
    if (spec.generate === false) return { type: 'run.completed', finishReason: 'stop' };
    let mayCompact = true;
    for (;;) {
      const end = endOf(book.snapshot(), ports.settings.stepsMax);
      if (end) return end;
      if (ports.isLeaving()) throw new RunLeft();
      // At most once before each step: a conversation that is still too long afterwards stays so.
      const compacted: Compacted = mayCompact ? await compactConversation(run) : NOT_COMPACTED;
      if (!compacted.isMade) await runStep(run, compacted.spent);
      mayCompact = !compacted.isMade;
    }
  } catch (error) {
    if (error instanceof SpendReached && spec.embed) throw vectorsUnpaid(error.limit);
    if (error instanceof SpendReached) return await endAtLimit(book, error.limit);
    // Another worker owns the run by now, so an abort of this attempt no longer matters.
    if (error instanceof RunParked || error instanceof RunLeft) throw error;
    // An error during an abort is a consequence of the abort.
    ports.signal.throwIfAborted();
    throw error;
  }
}

/** A step that a lost worker left open is closed: nobody will continue it. */
async function endAtLimit(book: RunBook, limit: SpendLimit): Promise<TerminalEvent> {
  const last = book.snapshot().steps.at(-1);
  if (last?.status === 'in_progress') {
    await book.emit({ type: 'step.interrupted', step: last.step, reason: 'worker_lost' });
  }
  return { type: 'run.incomplete', reason: 'max_cost', limit };
}

/** The answer of an embeddings model has no word for an answer that is not whole, and an empty list is none. */
function vectorsUnpaid({ scope, maxCost }: SpendLimit): GatewayError {
  const param = SPEND_FIELDS[scope];
  return new GatewayError('invalid_request', `'${param}' (${maxCost}) does not pay for these vectors.`, { param });
}

/** How the run ends after its last completed step. undefined when another step follows. No step may be open. */
function endOf(snapshot: RunSnapshot, stepsMax: number): TerminalEvent | undefined {
  const completed = snapshot.steps.filter((step) => step.status === 'completed');
  const last = completed.at(-1);
  switch (last?.finishReason) {
    case undefined:
      return undefined;
    case 'stop':
      return { type: 'run.completed', finishReason: 'stop' };
    case 'length':
      if (last?.limit) return { type: 'run.incomplete', reason: 'max_cost', limit: last.limit };
      return { type: 'run.incomplete', reason: 'max_output_tokens' };
    case 'content_filter':
      return { type: 'run.incomplete', reason: 'content_filter' };
    case 'tool_calls':
      if (asksTheClient(snapshot, last?.step)) return { type: 'run.completed', finishReason: 'tool_calls' };
      return completed.length >= stepsMax ? { type: 'run.incomplete', reason: 'max_steps' } : undefined;
  }
}

function asksTheClient(snapshot: RunSnapshot, step: number | undefined): boolean {
  return snapshot.items.some((item) => item.type === 'tool_call' && item.step === step && item.executedBy === 'client');
}
