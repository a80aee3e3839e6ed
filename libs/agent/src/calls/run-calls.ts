import type { JsonObject, RunEvent, ToolCallItem, ToolResult, Usage } from '#libs/contract';
import type { AgentRun } from '../agent-run.js';
import { CallGroup } from './call-group.js';
import { askUser } from './ask-user.js';
import { decide } from './decide-call.js';
import { executeTool } from './execute-tool.js';
import { RunParked } from '../run-parked.js';
import { settleApprovals } from './settle-approvals.js';

/**
 * Answers every server call of a step that is allowed and has no answer yet. Client calls are left alone. A fresh step
 * and a step that a lost worker or a parked run had begun are treated alike; only the marks on their calls differ.
 * `usage` is the usage of the step's model call.
 *
 * The failure of a tool is an answer for the model. This function throws RunParked when calls still wait for approval,
 * the reason of an abort of the run, or the failure of a port. It emits nothing after it has thrown.
 */
export async function runCalls(run: AgentRun, step: number, usage: Usage): Promise<void> {
  const { ports } = run;
  for (;;) {
    ports.signal.throwIfAborted();
    const { ready, waiting, answered } = await settleApprovals(run, step);
    const hasAsked = await answerAll(run, { step, calls: ready, answered });
    if (hasAsked) continue;
    if (waiting.length === 0) return;
    // The log must be complete before another worker may continue it.
    await ports.flushed();
    ports.signal.throwIfAborted();
    if ((await ports.approvals.park({ step, usage, approvals: waiting })) === 'parked') throw new RunParked();
  }
}

/**
 * Executes all calls at the same time and emits `tool.completed` as each one finishes. After a failure the others are
 * abandoned.
 */
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
  /** The user has just answered the call's questions. */
  readonly isAnswered: boolean;
  /** Fails with the first failure that is not an answer for the model. */
  readonly group: CallGroup;
}

/** Returns true when the call asked the user something instead of giving a result. */
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
    const keep = async (handle: JsonObject, text: string): Promise<void> => {
      await emit({ type: 'tool.progress', step, callId, text: text.slice(0, PROGRESS_CHARS_MAX), handle });
      await ports.flushed();
      group.throwIfFailed();
    };
    result = await executeTool({ ...decision, run, call, group, progress, keep });
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

/** Longest progress event. A tool that has more to say says it in its output. */
const PROGRESS_CHARS_MAX = 2_000;

/** Progress is only for display: while the run waits for room, further progress of the call is dropped, not queued. */
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
