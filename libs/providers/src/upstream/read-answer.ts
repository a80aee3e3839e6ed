import { createParser, type EventSourceParser } from 'eventsource-parser';
import { StringDecoder } from 'node:string_decoder';
import type { JsonValue, ModelEvent } from '#libs/contract';
import type { AnswerBody } from './answers/answer-body.js';
import { EventFeed } from './answers/event-feed.js';
import { failureOf, upstreamError, type Upstream } from './failures.js';
import { UPSTREAM_LIMITS } from './limits.js';
import { brokenOff, parseUpstreamJson, tooLarge } from './answers/read-body.js';
import { CLOSED } from './upstream-http.js';

/** Turns one answer in one wire format into model events. Its `read` methods may throw GatewayError. */
export interface Translator {
  /** Takes the data of one server-sent event, and its name if it has one. */
  readEvent(data: string, name?: string): void;
  /** Takes an answer that was not streamed. */
  readWhole(answer: JsonValue): void;
  /** Bound of an answer that is not streamed. Absent: UPSTREAM_LIMITS.answerBytesMax. */
  readonly wholeBytesMax?: number;
  /** The upstream said why it stopped: the answer is complete, though usage may follow. */
  readonly finished: boolean;
  /** The upstream has sent its last word. */
  readonly done: boolean;
  /** The events since the last call. */
  take(): readonly ModelEvent[];
  /** The remaining events, `end` last. Throws `upstream_cut` when the answer has not finished. */
  end(): readonly ModelEvent[];
}

/**
 * Reads an answer: a stream of events or, whatever was requested, a JSON document. The first character of the body
 * decides, because servers and proxies give either any content type. The last event is `end`. An answer that has
 * finished stays finished, however the connection ends. The feed fails with GatewayError.
 */
export const readAnswer = (body: AnswerBody, translator: Translator, upstream: Upstream): EventFeed =>
  new AnswerReader(body, translator, upstream).feed;

type Kind = 'events' | 'document' | 'page';

/** undefined while only white space or a byte order mark has arrived. */
function kindOf(text: string): Kind | undefined {
  const first = /[^\s\uFEFF]/.exec(text)?.[0];
  if (first === undefined) return undefined;
  if (first === '{' || first === '[') return 'document';
  return first === '<' ? 'page' : 'events';
}

/** Bytes in, events out, both in the turn of the event loop in which the bytes arrived. */
class AnswerReader {
  readonly feed = new EventFeed(() => this.allTaken());
  private readonly decoder = new StringDecoder('utf8');
  private readonly parser: EventSourceParser;
  private kind: Kind | undefined;
  /** All pieces of a document so far. */
  private readonly pieces: string[] = [];
  private bytes = 0;
  /** Bytes read since the consumer last had nothing left to take. */
  private aheadBytes = 0;
  private finishedGrace: NodeJS.Timeout | undefined;
  private doneGrace: NodeJS.Timeout | undefined;
  /** The upstream continued after its finish reason, so for this upstream the reason does not mark the end. */
  private finishesEarly = false;

  constructor(
    private readonly body: AnswerBody,
    private readonly translator: Translator,
    private readonly upstream: Upstream,
  ) {
    this.parser = parserFor(translator, upstream.name);
    body.read({ data: (chunk) => this.data(chunk), end: (cause) => this.end(cause) });
  }

  private data(chunk: Buffer): void {
    this.bytes += chunk.length;
    const text = this.decoder.write(chunk);
    this.kind ??= kindOf(text);
    if (this.kind === 'events') return this.readEvents(text, chunk.length);
    if (this.kind === 'page') {
      return this.fail(upstreamError(this.upstream.name, 'upstream_invalid', 'answered with a web page'));
    }
    this.pieces.push(text);
    const { wholeBytesMax = UPSTREAM_LIMITS.answerBytesMax } = this.translator;
    if (this.bytes > wholeBytesMax) this.fail(tooLarge(this.upstream.name, wholeBytesMax));
  }

  private readEvents(text: string, bytes: number): void {
    this.aheadBytes += bytes;
    const wasFinished = this.translator.finished;
    const failed = this.parse(text);
    const events = this.translator.take();
    if (wasFinished && events.length > 0) this.finishesEarly = true;
    // Events that were read before the failure are still delivered.
    this.feed.put(events);
    if (failed) return this.fail(failed.cause);
    if (this.bytes > UPSTREAM_LIMITS.streamBytesMax) {
      return this.fail(tooLarge(this.upstream.name, UPSTREAM_LIMITS.streamBytesMax));
    }
    if (this.translator.finished) this.closeSoon();
    // A long line is not an event yet, so no consumer would take it and resume the socket.
    if (this.feed.isEmpty) this.aheadBytes = 0;
    else if (this.aheadBytes > UPSTREAM_LIMITS.aheadBytesMax) this.body.pause();
  }

  private allTaken(): void {
    const isPaused = this.aheadBytes > UPSTREAM_LIMITS.aheadBytesMax;
    this.aheadBytes = 0;
    // The socket delivers its buffered bytes within this call.
    if (isPaused) this.body.resume();
  }

  private end(cause: Error | undefined): void {
    clearTimeout(this.finishedGrace);
    clearTimeout(this.doneGrace);
    const rest = this.decoder.end();
    // The last event of a body that ends without a blank line.
    const failed = cause ? { cause: brokenOff(cause, this.upstream.name) } : this.readEnd(rest);
    if (failed && !this.translator.finished) {
      this.feed.put(this.translator.take());
      return this.close(failed.cause);
    }
    try {
      this.feed.put(this.translator.end());
      this.feed.close();
    } catch (cause) {
      this.close(cause);
    }
  }

  private readEnd(rest: string): { readonly cause: unknown } | undefined {
    if (this.kind !== 'document') return this.parse(`${rest}\n\n`);
    try {
      this.translator.readWhole(parseUpstreamJson(this.pieces.join('') + rest, this.upstream.name));
    } catch (cause) {
      return { cause };
    }
    return undefined;
  }

  private close(cause: unknown): void {
    this.feed.close(failureOf(cause, this.upstream));
  }

  private parse(text: string): { readonly cause: unknown } | undefined {
    try {
      this.parser.feed(text);
    } catch (cause) {
      return { cause };
    }
    return undefined;
  }

  /** An answer that has finished is complete, whatever comes after it. */
  private fail(cause: unknown): void {
    if (!this.translator.finished) this.close(cause);
    this.body.close(CLOSED);
  }

  /**
   * An upstream that has finished must not delay the run by keeping the body open or by sending comments, so the timer
   * is set once. Servers that put a finish reason on every chunk are read to their end, or until they are silent for
   * too long.
   */
  private closeSoon(): void {
    const { doneGraceMs, finishedGraceMs } = UPSTREAM_LIMITS;
    if (this.finishesEarly) clearTimeout(this.finishedGrace);
    else this.finishedGrace ??= this.closeIn(finishedGraceMs);
    if (this.translator.done) this.doneGrace ??= this.closeIn(doneGraceMs);
  }

  private closeIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.body.close(CLOSED), ms);
  }
}

function parserFor(translator: Translator, upstream: string): EventSourceParser {
  return createParser({
    maxBufferSize: UPSTREAM_LIMITS.lineCharsMax,
    onEvent: ({ data, event }) => translator.readEvent(data, event),
    onError: ({ type }) => {
      // The other types are fields and values that the SSE standard tells readers to ignore.
      if (type !== 'max-buffer-size-exceeded') return;
      throw upstreamError(
        upstream,
        'upstream_invalid',
        `sent a line of more than ${UPSTREAM_LIMITS.lineCharsMax} characters`,
      );
    },
  });
}
