import { createParser } from 'eventsource-parser';
import type { LoggedEvent } from '#libs/contract';
import { renderFrame, type Encoded } from '#libs/protocols';

interface Encoder<S> {
  begin(): S;
  encode(state: S, event: LoggedEvent): Encoded<S>;
}

/**
 * What a listener is sent of a whole log. With `after`, the events up to it are encoded in silence: a resumed stream.
 */
export function transcript<S>(encoder: Encoder<S>, events: readonly LoggedEvent[], after = 0): string {
  let state = encoder.begin();
  let text = '';
  for (const event of events) {
    const [next, frames] = encoder.encode(state, event);
    state = deepFreeze(next);
    if (event.seq > after) text += frames.map(renderFrame).join('');
  }
  return text;
}

export interface ReadFrame {
  readonly event?: string;
  readonly id?: string;
  readonly data: string;
}

/** Reads a stream as a client does, with a parser that is not ours. */
export function readStream(text: string): {
  readonly frames: readonly ReadFrame[];
  readonly comments: readonly string[];
} {
  const frames: ReadFrame[] = [];
  const comments: string[] = [];
  const parser = createParser({
    onEvent: ({ event, id, data }) => frames.push({ ...(event && { event }), ...(id && { id }), data }),
    onComment: (comment) => comments.push(comment),
    onError: (error) => {
      throw error;
    },
  });
  parser.feed(text);
  return { frames, comments };
}

/** An encoder that changes its state in place throws from now on. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
  return value;
}
