import type { ModelEvent } from '#libs/contract';

interface Waiter {
  resolve(result: IteratorResult<ModelEvent, undefined>): void;
  reject(failure: unknown): void;
}

const OVER: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * Events of one answer between who reads them and who takes them. An event that is waited for is handed over where it
 * was read, through one promise: generators on the way would cost every token several more.
 */
export class EventFeed implements AsyncIterator<ModelEvent, undefined> {
  private events: readonly ModelEvent[] = [];
  private taken = 0;
  private waiter: Waiter | undefined;
  private over: { readonly failure?: unknown } | undefined;

  /** @param onEmpty told when everything that was put in has been taken. */
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

  /** Nothing more comes; a failure is thrown behind what was put in. */
  close(failure?: unknown): void {
    if (this.over) return;
    this.over = { failure };
    if (this.waiter) this.settle((waiter) => this.finish().then(waiter.resolve, waiter.reject));
  }

  /** Nothing more is given: only the reason, once. */
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

  /** A failure is thrown once; after it the feed is at its end. */
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
