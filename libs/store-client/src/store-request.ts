import { ERRORS, GatewayError, isJsonObject, type ErrorCode, type JsonValue } from '#libs/contract';

/** The address of the store service, and its shared secret if it has one. */
export interface StoreAddress {
  readonly url: string;
  readonly token?: string;
  /**
   * Time after which a store that does not answer counts as away. Default: five seconds, the longest time of a database
   * statement. A scheduler may wait longer, because no client waits for it.
   */
  readonly answerMsMax?: number;
}

/** Sends a call with a JSON body. Resolves with the result, or undefined when the store has no such thing. */
export type AskStore = (path: string, body: unknown) => Promise<JsonValue | undefined>;

const ANSWER_MS_MAX = 5_000;
const ANSWER_BYTES_MAX = 67_108_864;
const NOTHING_THERE = 404;

/**
 * Requests to the store's internal HTTP API. They reject with the GatewayError that the store answered (4xx), or with
 * `unavailable` when it cannot be reached or understood. A 404 that does not say `not_found` is one of the latter:
 * another version, or another service, does not know the call.
 */
export function storeRequests(address: StoreAddress): AskStore {
  const { url, token, answerMsMax = ANSWER_MS_MAX } = address;
  const headers = {
    'content-type': 'application/json',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  return async (path, body) => {
    try {
      const answer = await fetch(new URL(path, url), {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.timeout(answerMsMax),
      });
      const text = await readText(answer);
      if (answer.ok) return resultIn(JSON.parse(text) as JsonValue);
      const refusal = refusalOf(answer.status, text);
      if (answer.status === NOTHING_THERE && refusal.code === 'not_found') return undefined;
      throw refusal;
    } catch (cause) {
      if (cause instanceof GatewayError) throw cause;
      throw new GatewayError('unavailable', 'The store cannot be reached right now. Try again shortly.', {
        cause,
        retryAfterSeconds: 2,
      });
    }
  };
}

function resultIn(answer: JsonValue): JsonValue {
  const result = isJsonObject(answer) ? answer['result'] : undefined;
  if (result === undefined) throw unreadable();
  return result;
}

export const unreadable = (): GatewayError =>
  new GatewayError('unavailable', 'The store gave an answer that cannot be read.', { retryAfterSeconds: 2 });

/**
 * Passes on only what the store says about the request. For the store's own errors, and for a wrong token, throws an
 * error whose text is never shown.
 */
function refusalOf(status: number, text: string): GatewayError {
  const fault = new Error(`the store answered ${status}`);
  if (status < 400 || status >= 500 || status === 401) throw fault;
  const value: JsonValue = JSON.parse(text);
  const error = isJsonObject(value) ? value['error'] : undefined;
  if (!isJsonObject(error)) throw fault;
  const { code, message, param } = error;
  if (typeof code !== 'string' || !(code in ERRORS) || typeof message !== 'string') throw fault;
  return new GatewayError(code as ErrorCode, message, typeof param === 'string' ? { param } : {});
}

/** The store is ours, but another service may answer at its address, and an endless body must not fill our memory. */
async function readText(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > ANSWER_BYTES_MAX) throw new Error('the answer of the store is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
