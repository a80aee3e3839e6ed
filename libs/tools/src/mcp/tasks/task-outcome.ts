import { isCallToolResult } from '@modelcontextprotocol/client';
import type { JsonObject, ToolResult } from '#libs/contract';
import { readResult } from '../tools/read-result.js';
import { mcpResult } from '../tools/result-parts.js';
import type { Task } from './read-task.js';

const EXPLANATION_CHARS_MAX = 2_000;

/** The result of a completed task, with the tolerance and the checks of a direct result. */
export function taskResult(server: string, raw: JsonObject, images: boolean): ToolResult {
  const { resultType, ...result } = readResult(raw);
  if (resultType === 'complete' && isCallToolResult(result)) return mcpResult(result, images);
  return { output: `The MCP server '${server}' gave an answer that cannot be used.`, isError: true };
}

/** What the model is told of a task that came to nothing: the server's words, or these of the client about it. */
export function taskFailure(server: string, what: string | Task): ToolResult {
  if (typeof what === 'string') return { output: cut(`The MCP server '${server}' ${what}`), isError: true };
  const { status, message, error } = what;
  const said = typeof error?.['message'] === 'string' ? error['message'] : message;
  if (status === 'failed')
    return { output: cut(said || `The task of the MCP server '${server}' failed.`), isError: true };
  const end = message === '' ? '.' : `: ${message}`;
  return { output: cut(`The MCP server '${server}' cancelled the task${end}`), isError: true };
}

/** The server cannot say what became of the task, so the call is not made again. */
export function unknownOutcome(server: string, why: string): ToolResult {
  const said = why === '' ? '' : ` (${cut(why)})`;
  const output =
    `The MCP server '${server}' cannot say what became of its task${said}. What the call has done is unknown; ` +
    'check before you repeat it.';
  return { output, isError: true };
}

const cut = (text: string): string => text.slice(0, EXPLANATION_CHARS_MAX);
