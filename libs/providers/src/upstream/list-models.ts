import { setTimeout as wait } from 'node:timers/promises';
import { isJsonObject, type JsonValue } from '#libs/contract';
import { failureOf, upstreamError, type Upstream } from './failures.js';
import { UPSTREAM_LIMITS } from './limits.js';
import type { AnswerBody } from './answers/answer-body.js';
import { readJson } from './answers/read-body.js';
import { CLOSED } from './upstream-http.js';
import { waitBeforeRetry } from './wait-before-retry.js';

export interface ListCall {
  readonly upstream: Upstream;
  readonly retriesMax: number;
  readonly signal: AbortSignal;
  send(signal: AbortSignal): Promise<AnswerBody>;
}

/**
 * Names of an upstream's models, in its order, without repetitions, at most modelsMax. Reads `{data: [{id}]}` (OpenAI,
 * Anthropic) and a bare list (Together). Throws GatewayError, or the signal's reason after an abort.
 */
export async function listModels(call: ListCall): Promise<readonly string[]> {
  const { signal } = call;
  signal.throwIfAborted();
  const socket = new AbortController();
  const close = () => socket.abort(CLOSED);
  signal.addEventListener('abort', close, { once: true });
  try {
    return await askForList(call, socket.signal);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', close);
    socket.abort(CLOSED);
  }
}

async function askForList({ upstream, retriesMax, send }: ListCall, signal: AbortSignal): Promise<readonly string[]> {
  for (let retries = 0; ; retries++) {
    try {
      return namesOf(await readJson(await send(signal), upstream.name), upstream.name);
    } catch (error) {
      const failure = failureOf(error, upstream);
      const waitMs = waitBeforeRetry(failure, retries, retriesMax);
      if (waitMs === undefined) throw failure;
      await wait(waitMs, undefined, { signal });
    }
  }
}

function namesOf(answer: JsonValue, upstream: string): string[] {
  const list = isJsonObject(answer) ? answer['data'] : answer;
  if (!Array.isArray(list)) throw upstreamError(upstream, 'upstream_invalid', 'answered without a list of models');
  const ids: unknown[] = list.map((entry: unknown) => (isJsonObject(entry) ? entry['id'] : undefined));
  const names = ids.filter((id) => typeof id === 'string').filter((id) => id !== '');
  return [...new Set(names)].slice(0, UPSTREAM_LIMITS.modelsMax);
}
