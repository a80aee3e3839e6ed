import type { RunEvent, ToolCallItem, ToolResult, Usage } from '#libs/contract';
import type { AgentRun } from '../agent-run.js';
import { CallGroup } from './call-group.js';
import { decide } from './decide-call.js';
import { executeTool } from './execute-tool.js';
import { RunParked } from '../run-parked.js';
import { settleApprovals } from './settle-approvals.js';

/**
 * Answers every server call of a step that has no answer yet, as far as they are allowed; client calls are left alone.
 * The same for a fresh step and for one that a lost worker or a parked run had begun: only the marks on the calls
 * differ. `usage`: what the model call of the step cost.
 *
 * A failing tool is an answer for the model. What is thrown is RunParked when calls still wait to be allowed, an abort
 * of the run, or a failure of a port; nothing is emitted later.
 */
export async function runCalls(run: AgentRun, step: number, usage: Usage): Promise<void> {
  const { ports } = run;
  for (;;) {
    ports.signal.throwIfAborted();
    const { ready, waiting } = await settleApprovals(run, step);
    await answerAll(run, step, ready);
    if (waiting.length === 0) return;
    // The log is whole before somebody else may go on with it.
    await ports.flushed();
    ports.signal.throwIfAborted();
    if ((await ports.approvals.park({ step, usage, approvals: waiting })) === 'parked') throw new RunParked();
  }
}

/** All at the same time; `tool.completed` comes as each is done. After a failure the others are abandoned. */
async function answerAll(run: AgentRun, step: number, calls: readonly ToolCallItem[]): Promise<void> {
  const group = new CallGroup();
  const follow = (): void => group.fail(run.ports.signal.reason);
  run.ports.signal.addEventListener('abort', follow, { once: true });
  if (run.ports.signal.aborted) follow();
  const answers = calls.map((call) =>
    answerCall(run, { step, call, group }).catch((error: unknown) => group.fail(error)),
  );
  await Promise.all(answers);
  run.ports.signal.removeEventListener('abort', follow);
  group.throwIfFailed();
}

interface CallInStep {
  readonly step: number;
  readonly call: ToolCallItem;
  /** Fails with the first failure that is not an answer for the model. */
  readonly group: CallGroup;
}

async function answerCall(run: AgentRun, { step, call, group }: CallInStep): Promise<void> {
  const { ports } = run;
  const { callId, name } = call;
  const emit = async (event: RunEvent): Promise<void> => {
    group.throwIfFailed();
    await run.book.emit(event);
  };
  const decision = decide(run, call);
  if (!call.dispatched) await emit({ type: 'tool.started', step, callId, name });
  const startedAt = ports.now();
  let result: ToolResult;
  if (decision.kind === 'answer') {
    result = { output: decision.output, isError: true };
  } else {
    // If this worker dies now, the next one must know that the tool may have had its effect.
    if (!decision.tool.idempotent) await ports.flushed();
    group.throwIfFailed();
    const progress = progressOf(run, { step, call, group });
    result = await executeTool({ ...decision, run, callId, group, progress });
  }
  const { output, images, isError = false } = result;
  const durationMs = Math.max(0, Math.round(ports.now() - startedAt));
  await emit({ type: 'tool.completed', step, callId, name, output, isError, durationMs, ...(images && { images }) });
}

/** One progress event may be this long; a tool that has more to say says it in its output. */
const PROGRESS_CHARS_MAX = 2_000;

/** Progress is for showing: while the run waits for room, further progress of the call is dropped instead of queued. */
function progressOf(run: AgentRun, { step, call, group }: CallInStep): (text: string) => void {
  let waiting = false;
  return (text) => {
    if (waiting) return;
    const event = {
      type: 'tool.progress',
      step,
      callId: call.callId,
      text: text.slice(0, PROGRESS_CHARS_MAX),
    } as const;
    const room = run.book.emit(event);
    if (!room) return;
    waiting = true;
    room.then(
      () => (waiting = false),
      (error: unknown) => group.fail(error),
    );
  };
}
