import {
  isInputRequiredResult,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  type Client,
  type Progress,
  type Tool as McpToolInfo,
} from '@modelcontextprotocol/client';
import type { JsonObject, JsonValue, ToolContext, ToolResult } from '#libs/contract';
import { readTask, type Task } from './tasks/read-task.js';
import { askResult, callState, questionsOf, retryOf, type Retry } from './tools/input-required.js';
import { unknownOutcome } from './tasks/task-outcome.js';
import { taskIn } from './tools/read-result.js';
import { mcpResult } from './tools/result-parts.js';
import { STREAM_ENDED } from './transport/tolerant-transport.js';
import { Unreachable } from './transport/unreachable.js';

export interface CallOrder {
  readonly server: string;
  readonly tool: McpToolInfo;
  readonly args: JsonObject;
  readonly context: ToolContext;
  readonly timeoutMs: number;
  /** Whether images of the result go to the model. */
  readonly images: boolean;
}

export interface CallOutcome {
  /**
   * `answered`: there is an answer, possibly an error or an invalid one; that concerns only this call. `lost`: the
   * connection cannot be used any more. `session_gone`: the server has forgotten the session and ignored the call.
   */
  readonly kind: 'answered' | 'lost' | 'session_gone';
  readonly result: ToolResult;
  /** The server works on it: the result is that of this task. */
  readonly task?: Task;
}

/**
 * One call over one connection. The server is told of an abort and of a time-out. Rejects only with the signal's
 * reason; everything else is an answer for the model.
 */
export async function callTool(client: Client, order: CallOrder): Promise<CallOutcome> {
  const { context } = order;
  try {
    return { kind: 'answered', ...(await ask(client, order, context.resume ? retryOf(context.resume) : {})) };
  } catch (cause) {
    context.signal.throwIfAborted();
    return { kind: kindOf(cause, client), result: { output: explain(cause, order), isError: true } };
  }
}

/** How often a server may ask for a repetition without a question. */
const ROUNDS_MAX = 8;

async function ask(client: Client, order: CallOrder, first: Retry): Promise<Omit<CallOutcome, 'kind'>> {
  const { server, tool, args, timeoutMs, context } = order;
  const options = {
    signal: context.signal,
    timeout: timeoutMs,
    onprogress: (progress: Progress) => context.progress(progressText(progress)),
    toolDefinition: tool,
    allowInputRequired: true,
  };
  let retry = first;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const result = await client.callTool({ name: tool.name, arguments: { ...args }, ...retry }, options);
    if (!isInputRequiredResult(result)) {
      const handle = client.getProtocolEra() === 'modern' ? taskIn(result) : undefined;
      return handle === undefined ? { result: mcpResult(result, order.images) } : taskOutcome(server, handle);
    }
    const { inputRequests = {}, requestState } = result;
    const questions = questionsOf(inputRequests as JsonObject);
    if (!questions) return failure(`The MCP server '${server}' asks for what cannot be given here.`);
    if (questions.length > 0) return { result: askResult(questions, callState(questions, requestState)) };
    retry = requestState === undefined ? {} : { requestState };
  }
  return failure(`The MCP server '${server}' wanted the call to be made again and again.`);
}

const failure = (output: string): { readonly result: ToolResult } => ({ result: { output, isError: true } });

function taskOutcome(server: string, handle: unknown): Omit<CallOutcome, 'kind'> {
  const task = readTask(handle as JsonValue);
  const unusable = unknownOutcome(server, 'It gave a handle that cannot be used.');
  return { result: unusable, ...(task && { task }) };
}

/** The state of the connection after a failed request. */
export function kindOf(cause: unknown, client: Client): CallOutcome['kind'] {
  if (cause instanceof Unreachable || hasCode(cause, SdkErrorCode.ConnectionClosed)) return 'lost';
  if (cause instanceof Error && cause.cause instanceof Unreachable) return 'lost';
  return cause instanceof SdkHttpError && isSessionGone(cause, client) ? 'session_gone' : 'answered';
}

function hasCode(cause: unknown, code: SdkErrorCode): boolean {
  return cause instanceof SdkError && cause.code === code;
}

/**
 * 404 is the protocol's answer for a session that the server does not know (Streamable HTTP, session management until
 * 2025-11-25). Servers made from the SDK's examples answer 400, and only their words distinguish this from a faulty
 * call.
 */
function isSessionGone({ status, message }: SdkHttpError, { transport }: Client): boolean {
  if (transport?.sessionId === undefined) return false;
  return status === 404 || (status === 400 && /session[ -]id|session not found/i.test(message));
}

const EXPLANATION_CHARS_MAX = 2_000;

/** The text for the model. It quotes the server's own errors, but no network errors, which may name hosts. */
function explain(cause: unknown, { server, timeoutMs }: CallOrder): string {
  if (cause instanceof Unreachable) return `The MCP server '${server}' could not be reached.`;
  if (cause instanceof SdkHttpError) return refusal(server, cause.status);
  if (hasCode(cause, SdkErrorCode.ConnectionClosed)) return brokeOff(server);
  if (hasCode(cause, SdkErrorCode.RequestTimeout)) {
    return `The MCP server '${server}' did not answer within ${timeoutMs / 1_000} s.`;
  }
  if (!(cause instanceof ProtocolError)) return `The MCP server '${server}' gave an answer that cannot be used.`;
  return cause.data === STREAM_ENDED ? brokeOff(server) : cause.message.slice(0, EXPLANATION_CHARS_MAX);
}

function refusal(server: string, status: number): string {
  const wants = status === 401 || status === 403 ? ': it wants other credentials, which the operator has to set' : '';
  return `The MCP server '${server}' refused the call (HTTP ${status})${wants}.`;
}

function brokeOff(server: string): string {
  return `The MCP server '${server}' broke off. What the call has done is unknown; check before you repeat it.`;
}

function progressText({ message, progress, total }: Progress): string {
  return message ?? (total === undefined ? String(progress) : `${progress}/${total}`);
}
