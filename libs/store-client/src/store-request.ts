import { ERRORS, GatewayError, isJsonObject, type ErrorCode, type JsonValue } from '#libs/contract';

/** Where the store service answers, and its shared secret if it has one. */
export interface StoreAddress {
  readonly url: string;
  readonly token?: string;
  /**
   * Until a store that does not answer counts as away; default five seconds, as long as a statement of the database may
   * take. Nobody waits for a scheduler.
   */
  readonly answerMsMax?: number;
}

export interface StoreRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its leading slash and everything in it encoded. */
  readonly path: string;
  readonly body?: unknown;
}

const ANSWER_MS_MAX = 5_000;
/** 414: an id that is longer than the router reads, and so than any that there is. */
const NOTHING_THERE = new Set([404, 414]);
const ANSWER_BYTES_MAX = 67_108_864;

/**
 * Requests to the store's internal HTTP API. One resolves with the answer's JSON, `undefined` when there is no such
 * thing and for an empty answer.
 * Rejects with the GatewayError that the store answered (4xx), or `unavailable` when it cannot be asked or understood.
 */
export function storeRequests(address: StoreAddress): (request: StoreRequest) => Promise<JsonValue | undefined> {
  const { url, token, answerMsMax = ANSWER_MS_MAX } = address;
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return async ({ method, path, body }) => {
    try {
      const answer = await fetch(new URL(path, url), {
        method,
        headers: { ...authorization, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(answerMsMax),
      });
      if (NOTHING_THERE.has(answer.status)) {
        await answer.body?.cancel();
        return undefined;
      }
      const text = await readText(answer);
      if (answer.ok) return text === '' ? undefined : (JSON.parse(text) as JsonValue);
      throw refusalOf(answer.status, text);
    } catch (cause) {
      if (cause instanceof GatewayError) throw cause;
      throw new GatewayError('unavailable', 'The store cannot be reached right now. Try again shortly.', {
        cause,
        retryAfterSeconds: 2,
      });
    }
  };
}

/** Only what the store says of the request is passed on; of its own faults and of the token nobody is told. */
function refusalOf(status: number, text: string): Error {
  const fault = new Error(`the store answered ${status}`);
  if (status < 400 || status >= 500 || status === 401) return fault;
  const value: JsonValue = JSON.parse(text);
  const error = isJsonObject(value) ? value['error'] : undefined;
  if (!isJsonObject(error ?? null) || !isJsonObject(error as JsonValue)) return fault;
  const { code, message, param } = error as { code?: JsonValue; message?: JsonValue; param?: JsonValue };
  if (typeof code !== 'string' || !(code in ERRORS) || typeof message !== 'string') return fault;
  return new GatewayError(code as ErrorCode, message, typeof param === 'string' ? { param } : {});
}

/** The store is ours, but what answers at its address may not be: an endless body must not fill our memory. */
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
