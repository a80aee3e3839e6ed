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
  /** The caller's functions by the names that the model uses. */
  readonly functions: ReadonlySet<string>;
}

/** Reads it back from `run.queued` or a snapshot. */
export function readEcho(echo: JsonObject): ResponsesEcho {
  const fields = objectOf(echo['fields']);
  const namespaced = objectOf(echo['namespaced']);
  const functions = new Set([...functionNames(fields['tools']), ...Object.keys(namespaced)]);
  return { fields, logprobs: echo['logprobs'] === true, encrypted: echo['encrypted'] === true, namespaced, functions };
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
