import {
  GatewayError,
  type JsonObject,
  type Tool,
  type ToolCallItem,
  type ToolContext,
  type ToolResult,
  type ToolResume,
} from '#libs/contract';
import type { AgentRun } from '../agent-run.js';
import { boundImages, imageRoom } from './bound-images.js';
import { boundOutput } from './bound-output.js';
import type { CallGroup } from './call-group.js';

export interface ToolExecution {
  readonly run: AgentRun;
  readonly tool: Tool;
  readonly args: JsonObject;
  readonly call: ToolCallItem;
  readonly group: CallGroup;
  /** Called only while the agent still waits for the tool. */
  readonly progress: (text: string) => void;
  /** Resolves when the handle is in the log. */
  readonly keep: (handle: JsonObject, text: string) => Promise<void>;
}

/**
 * Executes a tool once. Returns what the model will read: the tool's output, cut at LIMITS.toolOutputBytesMax, or the
 * reason why there is none. After `toolSecondsMax` the tool's signal is aborted and the tool is abandoned: nobody waits
 * for it, and its later output is dropped. A call that goes on elsewhere bounds its time itself. Rejects only when the
 * group fails: at once, with the group's reason.
 */
export function executeTool(execution: ToolExecution): Promise<ToolResult> {
  const { run, group, call } = execution;
  const { toolSecondsMax } = run.ports.settings;
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    let settled = false;
    const settle = (how: () => void): void => {
      if (settled) return;
      settled = true;
      stopTimer();
      stopListening();
      how();
    };
    const onFailure = (reason: unknown): void => {
      settle(() => reject(reason as Error));
      controller.abort(reason);
    };
    const onTimeout = (): void => {
      const text = `The tool timed out after ${toolSecondsMax} s.`;
      settle(() => resolve({ output: text, isError: true }));
      controller.abort(new Error(text));
    };
    const stopTimer = call.handle ? () => undefined : run.ports.startTimer(toolSecondsMax * 1_000, onTimeout);
    const stopListening = group.onFailure(onFailure);
    const progress = (text: string): void => {
      if (!settled) execution.progress(text);
    };
    const keep = async (handle: JsonObject, text: string): Promise<void> => {
      controller.signal.throwIfAborted();
      stopTimer();
      await execution.keep(handle, text);
    };
    void outcome(execution, { signal: controller.signal, progress, keep }).then((result) =>
      settle(() => resolve(result)),
    );
  });
}

/** Never rejects: the failure of a tool is an answer for the model. */
async function outcome(
  { run, tool, args, call }: ToolExecution,
  context: Pick<ToolContext, 'signal' | 'progress' | 'keep'>,
): Promise<ToolResult> {
  const { runId, owner, sessionId } = run.spec;
  const resume = resumeOf(call);
  const place = {
    runId,
    owner,
    callId: call.callId,
    ...(sessionId !== undefined && { sessionId }),
    ...(resume && { resume }),
    ...(call.handle && { handle: call.handle }),
  };
  try {
    const { output, images = [], isError = false, asks } = await tool.execute(args, { ...place, ...context });
    if (asks) return { output, isError, asks };
    const shown = boundImages(images, imageRoom(run.book.snapshot()));
    const text = [output, ...(shown.note === undefined ? [] : [shown.note])].join('\n');
    return { output: boundOutput(text), isError, ...(shown.images.length > 0 && { images: shown.images }) };
  } catch (error) {
    // Only a GatewayError is written for other readers. Any other message may hold what the model must not see.
    const output = error instanceof GatewayError ? boundOutput(error.message) : 'The tool failed.';
    return { output, isError: true };
  }
}

/** A call that has asked continues with the answers. They are in the log, so any worker has them. */
function resumeOf({ approval }: ToolCallItem): ToolResume | undefined {
  if (!approval?.ask || approval.decision === undefined) return undefined;
  const { ask, decision, answers = {}, by } = approval;
  return {
    state: ask.state,
    ...(decision !== 'deny' && { answers }),
    by: by === 'timeout' ? 'timeout' : 'user',
  };
}
