import { createParser, type EventSourceParser } from 'eventsource-parser';
import type { Readable } from 'node:stream';
import type { JsonValue, ModelEvent } from '#libs/contract';
import { upstreamError } from './failures.js';
import { UPSTREAM_LIMITS } from './limits.js';
import { readJson, textOf } from './read-body.js';
import type { UpstreamAnswer } from './upstream-http.js';

/** Makes model events of one answer in one wire format. Its `read` methods may throw GatewayError. */
export interface Translator {
  /** Takes the data of one server-sent event. */
  readEvent(data: string): void;
  /** Takes an answer that was not streamed. */
  readWhole(answer: JsonValue): void;
  /** The upstream said why it stopped: the answer is whole, though usage may follow. */
  readonly finished: boolean;
  /** The upstream said its last word. */
  readonly done: boolean;
  /** What was read since the last take. */
  take(): readonly ModelEvent[];
  /** What is left to say, `end` last. Throws `upstream_cut` when the answer has not finished. */
  end(): readonly ModelEvent[];
}

/**
 * Reads an answer: a stream of events or, whatever was asked for, a JSON document. Yields the events of each network
 * read, never an empty list; the last event of the last list is `end`. An answer that has finished stays finished,
 * however the connection ends.
 */
export function readAnswer(
  answer: UpstreamAnswer,
  translator: Translator,
  upstream: string,
): AsyncGenerator<readonly ModelEvent[]> {
  const { contentType: type } = answer;
  if (type.includes('html')) throw upstreamError(upstream, 'upstream_invalid', 'answered with a web page');
  return /[/+]json\b/.test(type) ? readWhole(answer, translator, upstream) : readStream(answer, translator, upstream);
}

async function* readWhole(
  { body }: UpstreamAnswer,
  translator: Translator,
  upstream: string,
): AsyncGenerator<readonly ModelEvent[]> {
  translator.readWhole(await readJson(body, upstream));
  yield translator.end();
}

async function* readStream(
  { body }: UpstreamAnswer,
  translator: Translator,
  upstream: string,
): AsyncGenerator<readonly ModelEvent[]> {
  const parser = parserFor(translator, upstream);
  let grace: NodeJS.Timeout | undefined;
  try {
    for await (const text of textOf(body, upstream, UPSTREAM_LIMITS.streamBytesMax)) {
      const failure = feed(parser, text);
      const events = translator.take();
      if (events.length > 0) yield events;
      if (failure !== undefined) throw failure;
      if (translator.finished) grace = closeIn(body, translator, grace);
    }
    // The last event of a body that ends without the blank line.
    const failure = feed(parser, '\n\n');
    if (failure !== undefined) throw failure;
  } catch (error) {
    if (!translator.finished) throw error;
  } finally {
    clearTimeout(grace);
  }
  yield translator.end();
}

function parserFor(translator: Translator, upstream: string): EventSourceParser {
  return createParser({
    maxBufferSize: UPSTREAM_LIMITS.lineCharsMax,
    onEvent: ({ data }) => translator.readEvent(data),
    onError: ({ type }) => {
      // The other types are fields and values that the SSE standard says to ignore.
      if (type !== 'max-buffer-size-exceeded') return;
      throw upstreamError(
        upstream,
        'upstream_invalid',
        `sent a line of more than ${UPSTREAM_LIMITS.lineCharsMax} characters`,
      );
    },
  });
}

/** What was thrown, if anything: what was read before it shall be delivered first. */
function feed(parser: EventSourceParser, text: string): unknown {
  try {
    parser.feed(text);
  } catch (error) {
    return error;
  }
  return undefined;
}

/** An upstream that has finished may not hold the run up by keeping the body open. */
function closeIn(body: Readable, { done }: Translator, before: NodeJS.Timeout | undefined): NodeJS.Timeout {
  clearTimeout(before);
  return setTimeout(() => body.destroy(), done ? UPSTREAM_LIMITS.doneGraceMs : UPSTREAM_LIMITS.finishedGraceMs);
}
