import { isJsonObject, type JsonObject } from '#libs/contract';

/** The facts about a Responses request that its encoder reads from the log, in plain JSON. */
export interface ResponsesEcho {
  /** Fields of the response object by their wire names, as far as the request set them. */
  readonly fields: JsonObject;
  /** Whether the request asked for logprobs. Others are not passed on, even if an upstream sends them. */
  readonly logprobs: boolean;
  /** The request asked for `reasoning.encrypted_content`. */
  readonly encrypted: boolean;
  /** Whether a call that waits for approval is told in the text, with how to allow it. */
  readonly saysApprovals: boolean;
  /** Functions in namespaces: from the name that the model sees to `{namespace, name}`. */
  readonly namespaced: JsonObject;
  /** The caller's tools by the names that the model uses. */
  readonly functions: ReadonlySet<string>;
  /** Those of them with free text. */
  readonly custom: ReadonlySet<string>;
  /** The form in which calls of the gateway are shown. Runs that an earlier version opened lack this fact. */
  readonly serverCalls: 'mcp_call' | 'function_call';
}

/** Reads these facts from `run.queued` or from a snapshot. */
export function readEcho(echo: JsonObject): ResponsesEcho {
  const fields = objectOf(echo['fields']);
  const namespaced = objectOf(echo['namespaced']);
  const listed = [...functionNames(fields['tools']), ...Object.keys(namespaced), ...namesIn(echo['offered'])];
  return {
    fields,
    logprobs: echo['logprobs'] === true,
    encrypted: echo['encrypted'] === true,
    saysApprovals: echo['saysApprovals'] === true,
    namespaced,
    functions: new Set(listed),
    custom: new Set(namesIn(echo['custom'])),
    serverCalls: echo['serverCalls'] === 'mcp_call' ? 'mcp_call' : 'function_call',
  };
}

function namesIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}

function functionNames(tools: unknown): string[] {
  if (!Array.isArray(tools)) return [];
  return tools.flatMap((tool: unknown) =>
    isJsonObject(tool) && tool['type'] === 'function' ? [String(tool['name'])] : [],
  );
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
