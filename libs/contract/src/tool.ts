import type { JsonObject } from './json.js';

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
  /** Shows listeners that something happens. Not kept, not shown to the model. */
  progress(text: string): void;
}

/** `output` is what the model reads. A failing tool is an answer for the model, not an error of the run. */
export interface ToolResult {
  readonly output: string;
  /** Images beside the text, as data URLs; the model sees them behind the results of the step. */
  readonly images?: readonly string[];
  readonly isError?: boolean;
}

export type ToolApproval = 'never' | 'always';

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
  execute(args: JsonObject, context: ToolContext): Promise<ToolResult>;
}
