import { isJsonObject, type JsonObject } from '#libs/contract';

/** What a Responses request leaves in the log for its encoder, in plain JSON. */
export interface ResponsesEcho {
  /** Fields of the response object by their wire names, as far as the request decided them. */
  readonly fields: JsonObject;
  /** The request asked for logprobs; upstreams that send them unasked are not passed on. */
  readonly logprobs: boolean;
  /** The request asked for `reasoning.encrypted_content`. */
  readonly encrypted: boolean;
  /** Functions of namespaces: from the name the model sees to `{namespace, name}`. */
  readonly namespaced: JsonObject;
  /** The caller's tools by the names that the model uses. */
  readonly functions: ReadonlySet<string>;
  /** Those of them that take free text. */
  readonly custom: ReadonlySet<string>;
  /** How calls that the gateway executes are told of. Runs that an earlier version opened say nothing of it. */
  readonly serverCalls: 'mcp_call' | 'function_call';
}

/** Reads it back from `run.queued` or a snapshot. */
export function readEcho(echo: JsonObject): ResponsesEcho {
  const fields = objectOf(echo['fields']);
  const namespaced = objectOf(echo['namespaced']);
  const listed = [...functionNames(fields['tools']), ...Object.keys(namespaced), ...namesIn(echo['offered'])];
  return {
    fields,
    logprobs: echo['logprobs'] === true,
    encrypted: echo['encrypted'] === true,
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
