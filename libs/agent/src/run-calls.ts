import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  LIMITS,
  type RunEvent,
  type RunSnapshot,
  type Tool,
  type ToolCallItem,
  type ToolResult,
} from '#libs/contract';
import type { AgentRun } from './agent-run.js';
import { CallGroup } from './call-group.js';
import { executeTool } from './execute-tool.js';
import { permits } from './toolbox.js';

/** The calls of one step, in the order in which the model made them. */
export function callsOf(snapshot: RunSnapshot, step: number): ToolCallItem[] {
  return snapshot.items.filter((item): item is ToolCallItem => item.type === 'tool_call' && item.step === step);
}

/**
 * Answers every server call of a step that has no answer yet, all at the same time; `tool.completed` comes as each is
 * done. Client calls are left alone. The same for a fresh step and for one that a lost worker had begun: only the marks
 * on the calls differ.
 *
 * A failing tool is an answer for the model. What is thrown is an abort of the run or a failure of `emit` and `flushed`,
 * after the other calls have been abandoned: nothing is emitted later.
 */
export async function runCalls(run: AgentRun, step: number, calls: readonly ToolCallItem[]): Promise<void> {
  const open = calls.filter((call) => call.executedBy === 'server' && call.output === undefined);
  const group = new CallGroup();
  const follow = (): void => group.fail(run.ports.signal.reason);
  run.ports.signal.addEventListener('abort', follow, { once: true });
  if (run.ports.signal.aborted) follow();
  const answers = open.map((call) =>
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
  const { output, isError = false } = result;
  const durationMs = Math.max(0, Math.round(ports.now() - startedAt));
  await emit({ type: 'tool.completed', step, callId, name, output, isError, durationMs });
}

type Decision =
  | { readonly kind: 'execute'; readonly tool: Tool; readonly args: JsonObject }
  /** The model is told why the tool is not executed. */
  | { readonly kind: 'answer'; readonly output: string };

function decide({ spec, toolbox }: AgentRun, call: ToolCallItem): Decision {
  const tool = toolbox.serverTool(call.name);
  // Dispatched by a worker that was lost: what it did is unknown, also when this worker does not have the tool.
  if (call.dispatched && !tool?.idempotent) return { kind: 'answer', output: OUTCOME_UNKNOWN };
  const name = call.name.slice(0, LIMITS.toolNameCharsMax);
  if (!tool) return { kind: 'answer', output: `Unknown tool '${name}'. Use only the tools that are offered.` };
  if (!permits(spec.toolChoice, call.name)) {
    return { kind: 'answer', output: `The tool '${name}' may not be called in this conversation.` };
  }
  return parseArguments(tool, call.arguments);
}

const OUTCOME_UNKNOWN =
  'The outcome of this call is unknown: the worker that executed it was lost. It was not repeated, because it may ' +
  'already have had its effect. Check before you call it again.';

function parseArguments(tool: Tool, text: string): Decision {
  let args: JsonValue;
  try {
    // Several upstreams send nothing at all for a call without arguments.
    args = text.trim() === '' ? {} : (JSON.parse(text) as JsonValue);
  } catch (error) {
    return { kind: 'answer', output: `The arguments are not valid JSON: ${(error as SyntaxError).message}` };
  }
  if (isJsonObject(args)) return { kind: 'execute', tool, args };
  const found = args === null ? 'null' : Array.isArray(args) ? 'an array' : `a ${typeof args}`;
  return { kind: 'answer', output: `The arguments must be a JSON object, not ${found}.` };
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
