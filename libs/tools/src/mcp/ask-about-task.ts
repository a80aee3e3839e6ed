import { ProtocolError, type Client, type StandardSchemaV1 } from '@modelcontextprotocol/client';
import { isJsonObject, type JsonObject } from '#libs/contract';
import { kindOf, type CallOutcome } from './call-tool.js';
import type { TaskReply, TaskRequest } from './tasks/follow-task.js';
import { STREAM_ENDED } from './transport/tolerant-transport.js';

/**
 * One request about a task over one connection. Rejects only with the signal's reason.
 *
 * @param timeoutMs after which the request is given up, without an answer.
 */
export async function askAboutTask(
  client: Client,
  request: TaskRequest,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<TaskReply & Pick<CallOutcome, 'kind'>> {
  try {
    const params = request.params as Record<string, unknown>;
    const answer = await client.request({ method: request.method, params }, ANY_RESULT, { signal, timeout: timeoutMs });
    return { kind: 'answered', answer };
  } catch (cause) {
    signal.throwIfAborted();
    return { kind: kindOf(cause, client), ...(isRefusal(cause) && { refusal: cause.message }) };
  }
}

const INTERNAL_ERROR = -32_603;

/** Any other failure says nothing about the task: asking again is harmless. */
function isRefusal(cause: unknown): cause is ProtocolError {
  return cause instanceof ProtocolError && cause.code !== INTERNAL_ERROR && cause.data !== STREAM_ENDED;
}

/** The library sends requests of extensions only together with a schema of the result; tasks are read elsewhere. */
const ANY_RESULT: StandardSchemaV1<unknown, JsonObject> = {
  '~standard': {
    version: 1,
    vendor: 'talaria',
    validate: (value) => (isJsonObject(value) ? { value } : { issues: [{ message: 'the result is not an object' }] }),
  },
};
