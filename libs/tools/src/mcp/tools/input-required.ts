import { isJsonObject, type JsonObject, type Question, type ToolResult, type ToolResume } from '#libs/contract';

/** The additional content of a retried call (revision 2026-07-28, multi round-trip requests). */
export interface Retry {
  readonly inputResponses?: Record<string, JsonObject>;
  readonly requestState?: string;
}

/**
 * The questions of an `input_required` result. Empty when the server only asks for patience: then the call is made
 * again with its state. Undefined when it asks for something that no user can answer here (a model call, folders).
 */
export function questionsOf(inputRequests: JsonObject): Question[] | undefined {
  const questions = Object.entries(inputRequests).map(([id, request]) => questionOf(id, request));
  return questions.every((question) => question !== undefined) ? questions : undefined;
}

function questionOf(id: string, request: unknown): Question | undefined {
  if (!isJsonObject(request) || request['method'] !== 'elicitation/create') return undefined;
  const { params } = request;
  if (!isJsonObject(params) || typeof params['message'] !== 'string') return undefined;
  const { message, requestedSchema, url } = params;
  const schema = isJsonObject(requestedSchema) ? requestedSchema : { type: 'object', properties: {} };
  return { id, message, schema, ...(typeof url === 'string' && { url }) };
}

/** The run waits for the user, and any worker goes on with the answers and this state. */
export function askResult(questions: readonly Question[], state: JsonObject): ToolResult {
  return { output: '', asks: { questions, state } };
}

/** The state with which the call is made again. */
export function callState(questions: readonly Question[], requestState: string | undefined): JsonObject {
  const ids = questions.map(({ id }) => id);
  return { ids, ...(requestState !== undefined && { requestState }) };
}

/** The answers in the protocol's form: accepted with their content, declined by the user, or cancelled by time. */
export function retryOf({ state, answers, by }: ToolResume): Retry {
  const { ids, requestState } = state;
  const refusal = { action: by === 'timeout' ? 'cancel' : 'decline' };
  const responses = (Array.isArray(ids) ? (ids as string[]) : []).map((id) => {
    const content = answers?.[id];
    return [id, isJsonObject(content) ? { action: 'accept', content } : refusal] as const;
  });
  return {
    inputResponses: Object.fromEntries(responses),
    ...(typeof requestState === 'string' && { requestState }),
  };
}
