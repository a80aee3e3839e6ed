import type { JsonObject } from './json.js';

/** Something that a call wants to know of the user before it goes on. */
export interface Question {
  /** Names the answer among those to the other questions of the same call. */
  readonly id: string;
  readonly message: string;
  /** JSON Schema of the answer: an object whose properties are texts, numbers, truth values or lists of texts. */
  readonly schema: JsonObject;
  /** A page where the user does what is asked; the answer then only says that it is done. */
  readonly url?: string;
}

/** What a call asks, and what it needs to go on, on whatever worker. Both are part of the run's log. */
export interface ToolQuestions {
  readonly questions: readonly Question[];
  readonly state: JsonObject;
}

/** The call goes on: what it had asked, and the answers by the questions' ids. */
export interface ToolResume {
  readonly state: JsonObject;
  /** Absent: the user declined, or did not answer in time. */
  readonly answers?: JsonObject;
  readonly by: 'user' | 'timeout';
}

export interface ToolContext {
  readonly runId: string;
  readonly owner: string;
  /**
   * The session of the run. Absent: the run stands alone, or begins a chain that is known by the id of its first run.
   */
  readonly sessionId?: string;
  readonly callId: string;
  /** Aborted on cancel, timeout and loss of the run; a tool that ignores it is abandoned, not awaited. */
  readonly signal: AbortSignal;
  /** Present when the call has asked before. */
  readonly resume?: ToolResume;
  /** Shows listeners that something happens. Not kept, not shown to the model. */
  progress(text: string): void;
}

/** `output` is what the model reads. A failing tool is an answer for the model, not an error of the run. */
export interface ToolResult {
  readonly output: string;
  /** Images beside the text, as data URLs; the model sees them behind the results of the step. */
  readonly images?: readonly string[];
  readonly isError?: boolean;
  /** In place of a result: the run waits for the user's answers, and the call is made again with them. */
  readonly asks?: ToolQuestions & {
    /** Seconds until it counts as not answered; at most the time for approvals, which is the default. */
    readonly secondsMax?: number;
  };
}

export type ToolApproval = 'never' | 'always';

/** The built-in tools. The words stand in settings, so a name stays what it is. */
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
  /** May be executed again when a worker died and nobody knows whether it had finished. */
  readonly idempotent: boolean;
  /** Whether somebody has to agree before each call, unless the operator's policy says otherwise. */
  readonly approval: ToolApproval;
  /** It only hands a question on to the user: clients that execute functions themselves may do that, too. */
  readonly asksUser?: boolean;
  execute(args: JsonObject, context: ToolContext): Promise<ToolResult>;
}
