import type { RunEvent, ToolCallItem, ToolResult, Usage } from '#libs/contract';
import type { AgentRun } from '../agent-run.js';
import { CallGroup } from './call-group.js';
import { askUser } from './ask-user.js';
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
    const { ready, waiting, answered } = await settleApprovals(run, step);
    const hasAsked = await answerAll(run, { step, calls: ready, answered });
    if (hasAsked) continue;
    if (waiting.length === 0) return;
    // The log is whole before somebody else may go on with it.
    await ports.flushed();
    ports.signal.throwIfAborted();
    if ((await ports.approvals.park({ step, usage, approvals: waiting })) === 'parked') throw new RunParked();
  }
}

/** All at the same time; `tool.completed` comes as each is done. After a failure the others are abandoned. */
async function answerAll(run: AgentRun, { step, calls, answered }: ReadyCalls): Promise<boolean> {
  const group = new CallGroup();
  const follow = (): void => group.fail(run.ports.signal.reason);
  run.ports.signal.addEventListener('abort', follow, { once: true });
  if (run.ports.signal.aborted) follow();
  const answers = calls.map((call) =>
    answerCall(run, { step, call, group, isAnswered: answered.has(call.callId) }).catch((error: unknown) => {
      group.fail(error);
      return false;
    }),
  );
  const asked = await Promise.all(answers);
  run.ports.signal.removeEventListener('abort', follow);
  group.throwIfFailed();
  return asked.includes(true);
}

interface ReadyCalls {
  readonly step: number;
  readonly calls: readonly ToolCallItem[];
  readonly answered: ReadonlySet<string>;
}

interface CallInStep {
  readonly step: number;
  readonly call: ToolCallItem;
  /** Its questions have just been answered. */
  readonly isAnswered: boolean;
  /** Fails with the first failure that is not an answer for the model. */
  readonly group: CallGroup;
}

/** Whether the call has asked the user something, in place of a result. */
async function answerCall(run: AgentRun, { step, call, group, isAnswered }: CallInStep): Promise<boolean> {
  const { ports } = run;
  const { callId, name } = call;
  const emit = async (event: RunEvent): Promise<void> => {
    group.throwIfFailed();
    await run.book.emit(event);
  };
  const decision = decide(run, call, isAnswered);
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
    result = await executeTool({ ...decision, run, call, group, progress });
  }
  if (result.asks) {
    const asked = await askUser(run, { step, call, asks: result.asks });
    if (asked === undefined) return true;
    result = asked;
  }
  const { output, images, isError = false } = result;
  const durationMs = Math.max(0, Math.round(ports.now() - startedAt));
  await emit({ type: 'tool.completed', step, callId, name, output, isError, durationMs, ...(images && { images }) });
  return false;
}

/** One progress event may be this long; a tool that has more to say says it in its output. */
const PROGRESS_CHARS_MAX = 2_000;

/** Progress is for showing: while the run waits for room, further progress of the call is dropped instead of queued. */
function progressOf(run: AgentRun, { step, call, group }: Omit<CallInStep, 'isAnswered'>): (text: string) => void {
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
