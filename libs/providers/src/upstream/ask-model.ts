import { GatewayError, type JsonObject, type ModelEvent, type ModelRequest } from '#libs/contract';
import type { AnswerBody } from './answers/answer-body.js';
import type { EventFeed } from './answers/event-feed.js';
import { failureOf, UpstreamFailure, type Upstream } from './failures.js';
import { leaveOut, refusedFields, type Features } from './refused-fields.js';
import { readAnswer, type Translator } from './read-answer.js';
import { CLOSED } from './upstream-http.js';

/** One request to one upstream, in one wire format. */
export interface ModelCall {
  readonly upstream: Upstream;
  readonly request: ModelRequest;
  /** The request in the upstream's wire format, with every requested field. */
  body(): JsonObject;
  /** Fields of that body that the caller did not ask for: leaving them out is not reported. */
  readonly ownFields?: readonly string[];
  /**
   * Fields inside messages that may be refused by name, too. `body` leaves them out and names them in `leftOut` once
   * `request.without` has them.
   */
  readonly innerFields?: readonly string[];
  /** Features that a request header switches on, see `refusedFields`. They may be refused like fields. */
  readonly features?: Features;
  /** Names of requested fields that have no place in this wire format. */
  readonly leftOut?: readonly string[];
  /** Sends a body. Resolves with the body of a successful answer; rejects as UpstreamHttp does. */
  send(body: JsonObject, signal: AbortSignal): Promise<AnswerBody>;
  translator(): Translator;
}

/**
 * Fulfils the contract of ModelProvider.stream for any wire format: the socket is closed however the answer ends, and
 * an abort throws the signal's reason.
 */
export function askModel(call: ModelCall): AsyncIterable<ModelEvent> {
  return { [Symbol.asyncIterator]: () => new Asking(call) };
}

type Result = IteratorResult<ModelEvent, undefined>;

/** Not a generator: after the first event its `next` is that of the feed. */
class Asking implements AsyncIterator<ModelEvent, undefined> {
  private readonly socket = new AbortController();
  private answer: EventFeed | undefined;
  private first: Result | undefined;
  private state: 'new' | 'open' | 'over' = 'new';

  constructor(private readonly call: ModelCall) {}

  next(): Promise<Result> {
    if (this.first) return this.takeFirst(this.first);
    if (this.answer) return this.answer.next();
    if (this.state === 'over') return this.return();
    return this.begin();
  }

  return(): Promise<Result> {
    this.state = 'over';
    this.answer = undefined;
    this.first = undefined;
    this.call.request.signal.removeEventListener('abort', this.abort);
    this.socket.abort(CLOSED);
    return Promise.resolve({ done: true, value: undefined });
  }

  private async begin(): Promise<Result> {
    const { request, upstream } = this.call;
    const { signal } = request;
    let sent: JsonObject = {};
    try {
      signal.throwIfAborted();
      this.state = 'open';
      signal.addEventListener('abort', this.abort, { once: true });
      const without = (request.without ?? []).filter(({ name }) => name !== 'tools' || request.toolsAreOptional);
      const { body, leftOut } = leaveOut(this.call.body(), without);
      sent = body;
      const answer = await this.call.send(body, this.socket.signal);
      const feed = readAnswer(answer, this.call.translator(), upstream);
      const first = await feed.next();
      signal.throwIfAborted();
      this.answer = feed;
      return this.tell(leftOut, first);
    } catch (error) {
      void this.return();
      throw signal.aborted ? signal.reason : this.withRefusals(failureOf(error, upstream), sent);
    }
  }

  /** Puts the names of the fields that were not sent, if any, before the first event. */
  private tell(refused: readonly string[], first: Result): Result {
    const { ownFields = [], leftOut = [] } = this.call;
    const fields = [...leftOut, ...refused.filter((name) => !ownFields.includes(name))];
    if (fields.length === 0) return first;
    this.first = first;
    return { done: false, value: { type: 'left_out', fields } };
  }

  private takeFirst(first: Result): Promise<Result> {
    this.first = undefined;
    return Promise.resolve(first);
  }

  private withRefusals(failure: GatewayError, body: JsonObject): GatewayError {
    if (!(failure instanceof UpstreamFailure) || failure.code !== 'upstream_refused') return failure;
    const toolsAreOptional = this.call.request.toolsAreOptional === true;
    const { innerFields, features } = this.call;
    const refuses = refusedFields(failure.words, {
      body,
      toolsAreOptional,
      ...(innerFields && { innerFields }),
      ...(features && { features }),
    });
    return refuses.length === 0 ? failure : failure.with({ refuses });
  }

  private readonly abort = (): void => {
    this.answer?.abort(this.call.request.signal.reason);
    this.socket.abort(CLOSED);
  };
}
