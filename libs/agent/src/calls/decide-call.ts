import {
  isJsonObject,
  isTooDeep,
  LIMITS,
  type ApprovalBy,
  type JsonObject,
  type JsonValue,
  type RunSnapshot,
  type Tool,
  type ToolCallItem,
} from '#libs/contract';
import type { AgentRun } from '../agent-run.js';
import { permits } from '../toolbox.js';

export type Decision =
  | { readonly kind: 'execute'; readonly tool: Tool; readonly args: JsonObject }
  /** The model is told why the tool is not executed. */
  | { readonly kind: 'answer'; readonly output: string };

/**
 * Decides whether a call is executed, or answered with the reason why not. This function never asks for approval; it
 * only respects a denial.
 */
export function decide({ spec, toolbox, book }: AgentRun, call: ToolCallItem, isAnswered = false): Decision {
  if (call.ofUpstream) return { kind: 'answer', output: UPSTREAM_LOST };
  const tool = toolbox.serverTool(call.name);
  if (call.dispatched && !isAnswered && !isSafeAgain(call, tool)) return { kind: 'answer', output: OUTCOME_UNKNOWN };
  const name = call.name.slice(0, LIMITS.toolNameCharsMax);
  if (!tool) return { kind: 'answer', output: `Unknown tool '${name}'. Use only the tools that are offered.` };
  if (!permits(spec.toolChoice, call.name)) {
    return { kind: 'answer', output: `The tool '${name}' may not be called in this conversation.` };
  }
  if (isBeyond(spec.toolCallsMax, book.snapshot(), call)) return { kind: 'answer', output: USED_UP };
  if (call.approval?.decision === 'deny' && !call.approval.ask)
    return { kind: 'answer', output: DENIED[call.approval.by ?? 'user'] };
  return parseArguments(tool, call.arguments);
}

/** A worker that was lost had dispatched the call, so its effect is unknown, even if this worker lacks the tool. */
function isSafeAgain({ handle }: ToolCallItem, tool: Tool | undefined): boolean {
  return tool !== undefined && (handle !== undefined || tool.idempotent === true);
}

const USED_UP =
  'This call was not made: the number of tool calls that the caller allows is used up. Answer with what you know.';

/** Counts calls in the order of the run, which is the same on every worker. */
function isBeyond(toolCallsMax: number | undefined, { items }: RunSnapshot, { callId }: ToolCallItem): boolean {
  if (toolCallsMax === undefined) return false;
  const calls = items.filter((item) => item.type === 'tool_call' && item.executedBy === 'server');
  return calls.findIndex((item) => item.type === 'tool_call' && item.callId === callId) >= toolCallsMax;
}

const DENIED: Readonly<Record<ApprovalBy, string>> = {
  user: 'The user denied this call. It was not made. Do not try to reach the same by other means.',
  timeout: 'Nobody allowed this call in time. It was not made.',
  policy: 'This call needs approval, and nobody can be asked for it now. It was not made.',
};

const OUTCOME_UNKNOWN =
  'The outcome of this call is unknown: the worker that executed it was lost. It was not repeated, because it may ' +
  'already have had its effect. Check before you call it again.';

const UPSTREAM_LOST =
  'The outcome of this call is unknown: the upstream made it, and the worker that listened was lost. It may have had ' +
  'its effect. Check before you call it again.';

function parseArguments(tool: Tool, text: string): Decision {
  let args: JsonValue;
  try {
    // Several upstreams send nothing at all for a call without arguments.
    args = text.trim() === '' ? {} : (JSON.parse(text) as JsonValue);
  } catch (error) {
    return { kind: 'answer', output: `The arguments are not valid JSON: ${(error as SyntaxError).message}` };
  }
  if (isTooDeep(args)) {
    return { kind: 'answer', output: `The arguments are nested deeper than ${LIMITS.jsonDepthMax} levels.` };
  }
  if (isJsonObject(args)) return { kind: 'execute', tool, args };
  const found = args === null ? 'null' : Array.isArray(args) ? 'an array' : `a ${typeof args}`;
  return { kind: 'answer', output: `The arguments must be a JSON object, not ${found}.` };
}
