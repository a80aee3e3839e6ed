import type { ModelEvent, ModelRequest } from '#libs/contract';
import type { EventFeed } from './answers/event-feed.js';
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
export function askModel(call: ModelCall): AsyncIterable<ModelEvent> {
  return { [Symbol.asyncIterator]: () => new Asking(call) };
}

type Result = IteratorResult<ModelEvent, undefined>;

/** Not a generator: behind the first event its `next` is the feed's own. */
class Asking implements AsyncIterator<ModelEvent, undefined> {
  private readonly socket = new AbortController();
  private answer: EventFeed | undefined;
  private state: 'new' | 'open' | 'over' = 'new';

  constructor(private readonly call: ModelCall) {}

  next(): Promise<Result> {
    if (this.answer) return this.answer.next();
    if (this.state === 'over') return this.return();
    return this.begin();
  }

  return(): Promise<Result> {
    this.state = 'over';
    this.answer = undefined;
    this.call.request.signal.removeEventListener('abort', this.abort);
    this.socket.abort(CLOSED);
    return Promise.resolve({ done: true, value: undefined });
  }

  private async begin(): Promise<Result> {
    const { signal } = this.call.request;
    try {
      signal.throwIfAborted();
      this.state = 'open';
      signal.addEventListener('abort', this.abort, { once: true });
      const { first, rest } = await open(this.call, this.socket.signal);
      signal.throwIfAborted();
      this.answer = rest;
      return first;
    } catch (error) {
      void this.return();
      throw signal.aborted ? signal.reason : failureOf(error, this.call.upstream).error;
    }
  }

  private readonly abort = (): void => {
    this.answer?.abort(this.call.request.signal.reason);
    this.socket.abort(CLOSED);
  };
}

interface OpenAnswer {
  readonly first: Result;
  readonly rest: EventFeed;
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
  const rest = readAnswer(answer, call.translator(), call.upstream);
  return { first: await rest.next(), rest };
}

function mayAnswerWhole({ error, refusesStream }: Failure): boolean {
  return refusesStream === true || error.code === 'upstream_cut' || error.code === 'upstream_invalid';
}
