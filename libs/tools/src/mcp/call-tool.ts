import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ErrorCode, McpError, type CallToolResult, type Progress } from '@modelcontextprotocol/sdk/types.js';
import type { JsonObject, ToolContext, ToolResult } from '#libs/contract';
import { resultOf } from './result-text.js';

export interface CallOrder {
  readonly server: string;
  readonly tool: string;
  readonly args: JsonObject;
  readonly context: ToolContext;
  readonly timeoutMs: number;
}

export interface CallOutcome {
  /** `session_gone`: the server has forgotten the session and did not look at the call. */
  readonly kind: 'answered' | 'lost' | 'session_gone';
  readonly result: ToolResult;
}

/**
 * One call over one connection. The server is told of an abort and of a time-out. Rejects only with the signal's reason;
 * everything else is an answer for the model, and `lost` says that the connection is of no use any more.
 */
export async function callTool(client: Client, order: CallOrder): Promise<CallOutcome> {
  const { tool, args, timeoutMs, context } = order;
  try {
    const result = await client.callTool({ name: tool, arguments: { ...args } }, undefined, {
      signal: context.signal,
      timeout: timeoutMs,
      onprogress: (progress) => context.progress(progressText(progress)),
    });
    return { kind: 'answered', result: resultOf(result as CallToolResult) };
  } catch (cause) {
    context.signal.throwIfAborted();
    return { kind: kindOf(cause), result: { output: explain(cause, order), isError: true } };
  }
}

/** Whether a failure says that the connection is of no use any more. */
export function isConnectionLost(cause: unknown): boolean {
  return kindOf(cause) !== 'answered';
}

function kindOf(cause: unknown): CallOutcome['kind'] {
  if (cause instanceof McpError) return cause.code === Number(ErrorCode.ConnectionClosed) ? 'lost' : 'answered';
  // 404 is the protocol's answer (Streamable HTTP, session management); servers made with the SDK's examples say 400.
  const isGone = cause instanceof StreamableHTTPError && (cause.code === 404 || cause.code === 400);
  return isGone ? 'session_gone' : 'lost';
}

const EXPLANATION_CHARS_MAX = 2_000;

/** What the model is told. The server's own errors are quoted; those of the network may name hosts and are not. */
function explain(cause: unknown, { server, timeoutMs }: CallOrder): string {
  if (!(cause instanceof McpError)) return `The MCP server '${server}' could not be reached.`;
  switch (cause.code) {
    case Number(ErrorCode.ConnectionClosed):
      return `The MCP server '${server}' broke off. What the call has done is unknown; check before you repeat it.`;
    case Number(ErrorCode.RequestTimeout):
      return `The MCP server '${server}' did not answer within ${timeoutMs / 1_000} s.`;
    default:
      return cause.message.slice(0, EXPLANATION_CHARS_MAX);
  }
}

function progressText({ message, progress, total }: Progress): string {
  return message ?? (total === undefined ? String(progress) : `${progress}/${total}`);
}
