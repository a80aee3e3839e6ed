import type { ModelEvent, ModelRequest } from '#libs/contract';
import type { EventFeed } from './answers/event-feed.js';
import { failureOf, type Upstream } from './failures.js';
import { readAnswer, type Translator } from './read-answer.js';
import { CLOSED, type UpstreamAnswer } from './upstream-http.js';

/** One request to one upstream, in one wire format. */
export interface ModelCall {
  readonly upstream: Upstream;
  readonly request: ModelRequest;
  /** Sends the request; resolves with the headers of a good answer, rejects as UpstreamHttp does. */
  send(signal: AbortSignal): Promise<UpstreamAnswer>;
  translator(): Translator;
}

/**
 * What ModelProvider.stream promises, for any wire format: a closed socket however it ends, and the signal's reason.
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
    const { request, upstream } = this.call;
    const { signal } = request;
    try {
      signal.throwIfAborted();
      this.state = 'open';
      signal.addEventListener('abort', this.abort, { once: true });
      const answer = await this.call.send(this.socket.signal);
      const feed = readAnswer(answer, this.call.translator(), upstream);
      const first = await feed.next();
      signal.throwIfAborted();
      this.answer = feed;
      return first;
    } catch (error) {
      void this.return();
      throw signal.aborted ? signal.reason : failureOf(error, upstream);
    }
  }

  private readonly abort = (): void => {
    this.answer?.abort(this.call.request.signal.reason);
    this.socket.abort(CLOSED);
  };
}
