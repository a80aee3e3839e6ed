import {
  GatewayError,
  type FailedAttempt,
  type Message,
  type ModelAttempt,
  type ModelCandidate,
  type ModelEvent,
  type ModelRequest,
  type ModelRoute,
  type RunSpec,
} from '#libs/contract';
import { carriedBy } from './messages/carried-by.js';
import { trimMessages } from './messages/trim-messages.js';

/** An answer that has begun. */
export interface ModelStream {
  readonly candidate: ModelCandidate;
  /** Request fields that the upstream did not get, by their names on the wire. */
  readonly leftOut: readonly string[];
  /** Requests made for this answer, the successful one included. */
  readonly attempts: number;
  /** All events of the answer, the first included. Iterate it once; leaving the loop closes the upstream. */
  readonly events: AsyncIterable<ModelEvent>;
}

/** The question for the model, whichever candidate answers. */
export interface Question extends Omit<ModelRequest, 'model' | 'streaming' | 'without'> {
  /**
   * The longest answer that can be paid for, in tokens. A candidate with a lower bound of its own keeps that bound.
   * Absent: money makes no answer shorter.
   */
  readonly outputTokensPaid?: number;
}

/**
 * Makes the attempts that the route names until one of them yields an event. Throws what the route throws when no
 * attempt is left. Each candidate gets the newest turns that fit its window, or everything if nothing may be left out.
 */
export async function openModelStream(
  route: ModelRoute,
  question: Question,
  truncation: RunSpec['truncation'] = 'auto',
): Promise<ModelStream> {
  const tokens = inputChars(question) / CHARS_PER_TOKEN;
  let failed: FailedAttempt | undefined;
  for (let attempts = 1; ; attempts++) {
    const attempt = await route.next(failed, question.affinity, question.signal, Math.ceil(tokens));
    try {
      return { ...(await begin(attempt, question, truncation)), attempts };
    } catch (error) {
      failed = { attempt, error };
    }
  }
}

/** Precise enough to compare the load of upstreams; no text is cut by this estimate. */
const CHARS_PER_TOKEN = 4;

function inputChars({ system, messages, embed }: Question): number {
  if (embed) {
    return embed.input.reduce<number>(
      (sum, text) => sum + text.length * (typeof text === 'string' ? 1 : CHARS_PER_TOKEN),
      0,
    );
  }
  return messages.reduce((sum, message) => sum + charsOf(message), system.length);
}

function charsOf(message: Message): number {
  switch (message.role) {
    case 'user':
      if (typeof message.content === 'string') return message.content.length;
      return message.content.reduce((sum, part) => sum + ('text' in part ? (part.text?.length ?? 0) : 0), 0);
    case 'system':
      return message.content.length;
    case 'assistant':
      return message.toolCalls.reduce((sum, call) => sum + call.arguments.length, message.text.length);
    case 'tool':
      return message.output.length;
  }
}

async function begin(
  { candidate, streaming, without }: ModelAttempt,
  { outputTokensPaid, ...question }: Question,
  truncation: RunSpec['truncation'],
): Promise<Omit<ModelStream, 'attempts'>> {
  const { provider, model, contextTokens, outputTokensDefault } = candidate;
  const paid = outputTokensPaid !== undefined && {
    outputTokensMax: Math.min(outputTokensPaid, outputTokensDefault ?? Infinity),
  };
  const sampling = { ...question.sampling, ...paid };
  const { outputTokensMax } = sampling;
  const window = { contextTokens: truncation === 'auto' ? contextTokens : undefined, outputTokensMax };
  const own = outputTokensDefault !== undefined && { outputTokensDefault };
  const carried = carriedBy(question.messages, provider.carries);
  const messages = trimMessages({ ...question, messages: carried }, window);
  const stream = provider.stream({ ...question, ...own, sampling, messages, model, streaming, without });
  const iterator = stream[Symbol.asyncIterator]();
  const first = await firstOf(iterator);
  if (first.type !== 'left_out') return { candidate, leftOut: [], events: startingWith([first], iterator) };
  return { candidate, leftOut: first.fields, events: startingWith([await firstOf(iterator)], iterator) };
}

async function firstOf(iterator: AsyncIterator<ModelEvent>): Promise<ModelEvent> {
  const first = await iterator.next();
  if (first.done) throw new GatewayError('upstream_cut', 'The upstream ended its answer before it began.');
  return first.value;
}

/**
 * Puts events that were already read in front of a stream. A plain object, because a generator would add a promise per
 * event.
 */
export function startingWith(
  read: readonly ModelEvent[],
  iterator: AsyncIterator<ModelEvent>,
): AsyncIterable<ModelEvent> {
  let at = 0;
  const rest: AsyncIterator<ModelEvent> = {
    next() {
      const value = read[at];
      if (value === undefined) return iterator.next();
      at++;
      return Promise.resolve({ done: false, value });
    },
    return: () => iterator.return?.() ?? Promise.resolve({ done: true, value: undefined }),
  };
  return { [Symbol.asyncIterator]: () => rest };
}
