import type { ModelEvent, ModelRequest } from '#libs/contract';
import { failureOf, type Failure, type Upstream } from './failures.js';
import { readAnswer, type Translator } from './read-answer.js';
import { CLOSED, type UpstreamAnswer } from './upstream-http.js';
import { withRetries } from './with-retries.js';

/** One request to one upstream, in one wire format. */
export interface ModelCall {
  readonly upstream: Upstream;
  readonly retriesMax: number;
  readonly request: ModelRequest;
  /** Sends the request; resolves with the headers of a good answer, rejects as UpstreamHttp does. */
  send(streaming: boolean, signal: AbortSignal): Promise<UpstreamAnswer>;
  /** A fresh translator: an answer that is asked for again starts from nothing. */
  translator(): Translator;
}

/**
 * What ModelProvider.stream promises, for any wire format: retries before the first event, one more try without
 * streaming, a closed socket however it ends, and the signal's reason after an abort.
 */
export async function* askModel(call: ModelCall): AsyncGenerator<ModelEvent> {
  const { signal } = call.request;
  signal.throwIfAborted();
  const socket = new AbortController();
  const close = () => socket.abort(CLOSED);
  signal.addEventListener('abort', close, { once: true });
  try {
    const { first, rest } = await open(call, socket.signal);
    for (const event of first) yield event;
    for await (const events of rest) {
      signal.throwIfAborted();
      for (const event of events) yield event;
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : failureOf(error, call.upstream).error;
  } finally {
    signal.removeEventListener('abort', close);
    socket.abort(CLOSED);
  }
}

interface OpenAnswer {
  readonly first: readonly ModelEvent[];
  readonly rest: AsyncIterable<readonly ModelEvent[]>;
}

async function open(call: ModelCall, signal: AbortSignal): Promise<OpenAnswer> {
  const retrying = { upstream: call.upstream, retriesMax: call.retriesMax, signal };
  const streamed = await withRetries(retrying, () => begin(call, true, signal));
  if (streamed.kind === 'ok') return streamed.value;
  if (signal.aborted || !mayAnswerWhole(streamed.failure)) throw streamed.failure.error;
  const whole = await withRetries(retrying, () => begin(call, false, signal));
  if (whole.kind === 'ok') return whole.value;
  throw whole.failure.error;
}

/** Up to the first event: whatever fails before it may be tried again. */
async function begin(call: ModelCall, streaming: boolean, signal: AbortSignal): Promise<OpenAnswer> {
  const answer = await call.send(streaming, signal);
  const rest = readAnswer(answer, call.translator(), call.upstream.name);
  const first = await rest.next();
  return { first: first.done ? [] : first.value, rest };
}

function mayAnswerWhole({ error, refusesStream }: Failure): boolean {
  return refusesStream === true || error.code === 'upstream_cut' || error.code === 'upstream_invalid';
}
