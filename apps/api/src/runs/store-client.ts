import type { StoreConfig } from '#libs/config';
import { GatewayError, isJsonObject, type JsonValue, type RunSnapshot } from '#libs/contract';
import { API_LIMITS } from '../api-limits.js';

/** Reads finished runs from the store service, once their logs have expired. */
export interface StoreClient {
  /** undefined: the store does not have it. Rejects with GatewayError `unavailable` when the store cannot be asked. */
  run(runId: string): Promise<RunSnapshot | undefined>;
}

/** The store over its internal HTTP API: GET {url}/internal/runs/{id} gives a RunSnapshot. */
export function httpStoreClient({ url, token }: Pick<StoreConfig, 'url' | 'token'>): StoreClient {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return {
    async run(runId) {
      try {
        const answer = await fetch(new URL(`/internal/runs/${encodeURIComponent(runId)}`, url), {
          headers,
          redirect: 'error',
          signal: AbortSignal.timeout(API_LIMITS.storeReadMsMax),
        });
        if (answer.status === 404) {
          await answer.body?.cancel();
          return undefined;
        }
        if (!answer.ok) throw new Error(`the store answered ${answer.status}`);
        return parseSnapshot(await readText(answer));
      } catch (cause) {
        throw new GatewayError('unavailable', 'Stored runs cannot be read right now. Try again shortly.', {
          cause,
          retryAfterSeconds: 2,
        });
      }
    },
  };
}

/** The store is ours, but what answers at its address may not be: an endless body must not fill our memory. */
async function readText(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > API_LIMITS.storeAnswerBytesMax) throw new Error('the answer of the store is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseSnapshot(text: string): RunSnapshot {
  const value: JsonValue = JSON.parse(text);
  const isSnapshot =
    isJsonObject(value) &&
    ['runId', 'owner', 'protocol', 'model', 'status'].every((key) => typeof value[key] === 'string') &&
    typeof value['lastSeq'] === 'number' &&
    Array.isArray(value['items']) &&
    Array.isArray(value['steps']);
  if (!isSnapshot) throw new Error('the answer of the store is not a run');
  return value as unknown as RunSnapshot;
}
