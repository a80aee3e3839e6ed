import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ErrorCode, McpError, type CallToolResult, type Progress } from '@modelcontextprotocol/sdk/types.js';
import type { JsonObject, ToolContext, ToolResult } from '#libs/contract';
import { resultOf } from './result-text.js';
import { Unreachable } from './unreachable.js';

export interface CallOrder {
  readonly server: string;
  readonly tool: string;
  readonly args: JsonObject;
  readonly context: ToolContext;
  readonly timeoutMs: number;
}

export interface CallOutcome {
  /**
   * `answered`: also with an error, or with what is no answer; that concerns this call alone. `lost`: the connection is
   * of no use any more. `session_gone`: the server has forgotten the session and did not look at the call.
   */
  readonly kind: 'answered' | 'lost' | 'session_gone';
  readonly result: ToolResult;
}

/**
 * One call over one connection. The server is told of an abort and of a time-out. Rejects only with the signal's
 * reason; everything else is an answer for the model.
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
    return { kind: kindOf(cause, client), result: { output: explain(cause, order), isError: true } };
  }
}

/** What a failed request says of the connection. */
export function kindOf(cause: unknown, client: Client): CallOutcome['kind'] {
  if (cause instanceof McpError) return cause.code === Number(ErrorCode.ConnectionClosed) ? 'lost' : 'answered';
  if (cause instanceof Unreachable) return 'lost';
  return cause instanceof StreamableHTTPError && isSessionGone(cause, client) ? 'session_gone' : 'answered';
}

/**
 * 404 is the protocol's answer to a session that the server does not know (Streamable HTTP, session management);
 * servers made with the SDK's examples say 400, and only their words tell it from what is wrong with the call.
 */
function isSessionGone({ code, message }: StreamableHTTPError, { transport }: Client): boolean {
  if (transport?.sessionId === undefined) return false;
  return code === 404 || (code === 400 && /session[ -]id|session not found/i.test(message));
}

const EXPLANATION_CHARS_MAX = 2_000;

/** What the model is told. The server's own errors are quoted; those of the network may name hosts and are not. */
function explain(cause: unknown, { server, timeoutMs }: CallOrder): string {
  if (cause instanceof Unreachable) return `The MCP server '${server}' could not be reached.`;
  if (cause instanceof StreamableHTTPError && (cause.code ?? 0) > 0) {
    return `The MCP server '${server}' refused the call (HTTP ${cause.code}).`;
  }
  if (!(cause instanceof McpError)) return `The MCP server '${server}' gave an answer that cannot be used.`;
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
