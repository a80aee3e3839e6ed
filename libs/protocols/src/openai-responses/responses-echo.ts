import { isJsonObject, type JsonObject } from '#libs/contract';

/** What a Responses request leaves in the log for its encoder, in plain JSON. */
export interface ResponsesEcho {
  /** Fields of the response object by their wire names, as far as the request decided them. */
  readonly fields: JsonObject;
  /** The request asked for logprobs; upstreams that send them unasked are not passed on. */
  readonly logprobs: boolean;
  /** Functions of namespaces: from the name the model sees to `{namespace, name}`. */
  readonly namespaced: JsonObject;
}

/** Reads it back from `run.queued` or a snapshot. */
export function readEcho(echo: JsonObject): ResponsesEcho {
  return {
    fields: objectOf(echo['fields']),
    logprobs: echo['logprobs'] === true,
    namespaced: objectOf(echo['namespaced']),
  };
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
