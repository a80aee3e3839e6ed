import type { ModelEvent } from '#libs/contract';

interface Waiter {
  resolve(result: IteratorResult<ModelEvent, undefined>): void;
  reject(failure: unknown): void;
}

const OVER: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * Carries the events of one answer from its reader to its consumer. When the consumer already waits for an event, the
 * reader passes it over directly, through one promise. Generators in between would cost several more per token.
 */
export class EventFeed implements AsyncIterator<ModelEvent, undefined> {
  private events: readonly ModelEvent[] = [];
  private taken = 0;
  private waiter: Waiter | undefined;
  private over: { readonly failure?: unknown } | undefined;

  /** @param onEmpty called when everything that was put in has been taken. */
  constructor(private readonly onEmpty: () => void = () => undefined) {}

  get isEmpty(): boolean {
    return this.taken === this.events.length;
  }

  put(events: readonly ModelEvent[]): void {
    const [first] = events;
    if (!first || this.over) return;
    if (this.waiter) {
      this.events = events;
      this.taken = 1;
      this.settle(({ resolve }) => resolve({ done: false, value: first }));
      if (this.isEmpty) this.onEmpty();
      return;
    }
    const left = this.events.slice(this.taken);
    this.events = left.length > 0 ? [...left, ...events] : events;
    this.taken = 0;
  }

  /** Ends the feed. A failure is thrown after the events that were put in before. */
  close(failure?: unknown): void {
    if (this.over) return;
    this.over = { failure };
    if (this.waiter) this.settle((waiter) => this.finish().then(waiter.resolve, waiter.reject));
  }

  /** Discards all events. The reason is thrown once. */
  abort(reason: unknown): void {
    this.events = [];
    this.taken = 0;
    this.over = undefined;
    this.close(reason);
  }

  next(): Promise<IteratorResult<ModelEvent, undefined>> {
    const event = this.events[this.taken];
    if (event) {
      this.taken++;
      if (this.isEmpty) this.onEmpty();
      return Promise.resolve({ done: false, value: event });
    }
    if (this.over) return this.finish();
    return new Promise((resolve, reject) => (this.waiter = { resolve, reject }));
  }

  /** A failure is thrown once. Afterwards the feed is over. */
  private finish(): Promise<typeof OVER> {
    const failure = this.over?.failure;
    this.over = {};
    return failure === undefined ? Promise.resolve(OVER) : Promise.reject(failure);
  }

  private settle(how: (waiter: Waiter) => void): void {
    const { waiter } = this;
    this.waiter = undefined;
    if (waiter) how(waiter);
  }
}
