import { GatewayError } from './errors.js';
import type { JsonObject } from './json.js';

/** A question that a call has for the user before it continues. */
export interface Question {
  /** Names the answer, among the answers to all questions of the same call. */
  readonly id: string;
  readonly message: string;
  /** JSON Schema of the answer: an object whose properties are texts, numbers, truth values or lists of texts. */
  readonly schema: JsonObject;
  /** A page on which the user does what is asked. The answer then only says that this is done. */
  readonly url?: string;
}

/** The questions of a call, and the state with which any worker can continue it. Both are part of the run's log. */
export interface ToolQuestions {
  readonly questions: readonly Question[];
  readonly state: JsonObject;
}

/** Continues a call: the state of its questions, and the answers by question id. */
export interface ToolResume {
  readonly state: JsonObject;
  /** Absent: the user declined, or did not answer in time. */
  readonly answers?: JsonObject;
  readonly by: 'user' | 'timeout';
}

/** The reason of a tool's signal when somebody stopped the run. */
export class RunStopped extends Error {}

/**
 * Whether a call that was aborted for this reason will have no result on any worker, so that work elsewhere may end,
 * too. For any other reason the run may go on on another worker.
 */
export function isForGood(reason: unknown): boolean {
  return reason instanceof RunStopped || (reason instanceof GatewayError && reason.code === 'run_timeout');
}

export interface ToolContext {
  readonly runId: string;
  readonly owner: string;
  /** The session of the run. Absent: the run stands alone, or is part of a chain, which has the id of its first run. */
  readonly sessionId?: string;
  readonly callId: string;
  /** Aborted on cancel, timeout and loss of the run; a tool that ignores it is abandoned, not awaited. */
  readonly signal: AbortSignal;
  /** Present when the call has asked before. */
  readonly resume?: ToolResume;
  /** What `keep` was given, on this worker or on one that was lost: the call must not be made again. */
  readonly handle?: JsonObject;
  /**
   * Writes into the run's log that the call goes on elsewhere, under this handle. Resolves when that is durable. From
   * then on the tool bounds its own time, and the run's limit applies. Rejects when the run cannot go on here.
   *
   * @param text shown to listeners.
   */
  keep(handle: JsonObject, text: string): Promise<void>;
  /** Shows listeners that something is happening. The text is neither kept nor shown to the model. */
  progress(text: string): void;
}

/** `output` is what the model reads. A failing tool is an answer for the model, not an error of the run. */
export interface ToolResult {
  readonly output: string;
  /** Images beside the text, as data URLs. The model sees them after the results of the step. */
  readonly images?: readonly string[];
  readonly isError?: boolean;
  /** Instead of a result: the run waits for the user's answers, and the call is made again with them. */
  readonly asks?: ToolQuestions & {
    /** Seconds until the questions count as not answered; at most, and by default, the time for approvals. */
    readonly secondsMax?: number;
  };
}

export type ToolApproval = 'never' | 'always';

/** The built-in tools. These names appear in settings, so they never change. */
export const TOOL_NAMES = [
  'current_time',
  'clarify',
  'http_fetch',
  'file_read',
  'file_write',
  'file_patch',
  'file_list',
  'file_search',
  'todo',
  'terminal',
] as const;

/** A function that the worker executes. One file; listed in libs/tools/src/registry.ts. */
export interface Tool {
  /** Matches ^[a-zA-Z0-9_-]{1,64}$. */
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments; the agent passes them on only when they are a JSON object. */
  readonly parameters: JsonObject;
  /** May be executed again when a worker died and it is not known whether the tool had finished. */
  readonly idempotent: boolean;
  /** Whether each call needs an approval, unless the operator's policy says otherwise. */
  readonly approval: ToolApproval;
  /** The tool only passes a question on to the user. Clients that execute functions themselves may do that, too. */
  readonly asksUser?: boolean;
  execute(args: JsonObject, context: ToolContext): Promise<ToolResult>;
}
