import { isJsonObject, type JsonObject, type JsonValue } from '#libs/contract';
import { MCP_LIMITS } from '../mcp-settings.js';

/** The extension of revision 2026-07-28 by which a server answers a call with the handle of a task (SEP-2663). */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

/** A task as the server describes it: the handle that it answers a call with, or the answer to `tasks/get`. */
export interface Task {
  readonly taskId: string;
  readonly status: 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';
  /** For listeners, and for the model when the task has failed. Empty when the server has nothing to say. */
  readonly message: string;
  /** Milliseconds until the next request, within the bounds of this client. */
  readonly pollMs: number;
  /** Requests to the client, while the task waits for input. */
  readonly inputRequests: JsonObject;
  /** The result of the call, once the task is completed. */
  readonly result?: JsonObject;
  /** The JSON-RPC error by which the task has failed. */
  readonly error?: JsonObject;
}

const STATUSES: ReadonlySet<unknown> = new Set(['working', 'input_required', 'completed', 'failed', 'cancelled']);

const isStatus = (value: JsonValue | undefined): value is Task['status'] => STATUSES.has(value);

/**
 * Reads a task. Undefined when it has no usable id or no known status: nothing can be done with it. Any other field of
 * a wrong type is left out. `ttlMs` is not relied on: a server that has forgotten a task says so.
 */
export function readTask(raw: JsonValue | undefined): Task | undefined {
  if (!isJsonObject(raw)) return undefined;
  const { taskId, status, statusMessage, pollIntervalMs, inputRequests, result, error } = raw;
  if (typeof taskId !== 'string' || taskId === '' || taskId.length > MCP_LIMITS.taskIdCharsMax) return undefined;
  if (!isStatus(status)) return undefined;
  return {
    taskId,
    status,
    message: typeof statusMessage === 'string' ? statusMessage.slice(0, MCP_LIMITS.taskMessageCharsMax) : '',
    pollMs: pollMsOf(pollIntervalMs),
    inputRequests: isJsonObject(inputRequests) ? inputRequests : {},
    ...(isJsonObject(result) && { result }),
    ...(isJsonObject(error) && { error }),
  };
}

function pollMsOf(wanted: JsonValue | undefined): number {
  const { pollMsMin, pollMsMax, pollMsDefault } = MCP_LIMITS;
  if (typeof wanted !== 'number' || !(wanted >= 0)) return pollMsDefault;
  return Math.min(Math.max(wanted, pollMsMin), pollMsMax);
}
