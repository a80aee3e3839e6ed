import type { ModelEvent, ModelProvider, Usage } from '#libs/contract';

/** Told of one answer, in this order: `begun` at most once, then exactly one of the others. */
export interface AnswerWatch {
  begun(): void;
  ended(usage: Usage): void;
  /** What the provider threw; also after the first event. */
  failed(error: unknown): void;
  /** Whoever asked has left before the end. */
  left(): void;
}

/**
 * The provider, with each of its answers watched. Events are handed on as they come: the watch costs a promise for
 * each, and no time.
 */
export function watchedProvider(provider: ModelProvider, open: () => AnswerWatch): ModelProvider {
  return {
    ...provider,
    stream: (request) => {
      const events = provider.stream(request);
      return { [Symbol.asyncIterator]: () => watched(events[Symbol.asyncIterator](), open(), request.signal) };
    },
  };
}

function watched(
  events: AsyncIterator<ModelEvent>,
  watch: AnswerWatch,
  signal: AbortSignal,
): AsyncIterator<ModelEvent> {
  let state: 'asked' | 'begun' | 'over' = 'asked';
  const over = (tell: () => void): void => {
    if (state === 'over') return;
    state = 'over';
    tell();
  };
  const see = (result: IteratorResult<ModelEvent>): void => {
    if (state === 'over') return;
    if (result.done) return over(() => watch.left());
    // What was left out of the request is known before the upstream says anything.
    if (state === 'asked' && result.value.type !== 'left_out') {
      state = 'begun';
      watch.begun();
    }
    const { value } = result;
    if (value.type === 'end') over(() => watch.ended(value.usage));
  };
  const fail = (error: unknown): void => over(() => (signal.aborted ? watch.left() : watch.failed(error)));
  return {
    next() {
      const next = events.next();
      next.then(see, fail);
      return next;
    },
    return(value) {
      over(() => watch.left());
      return events.return?.(value) ?? Promise.resolve({ done: true, value: undefined });
    },
  };
}
