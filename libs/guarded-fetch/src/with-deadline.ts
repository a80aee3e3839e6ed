export interface Deadline {
  /** Aborts with the outer signal, or when the time is over. */
  readonly signal: AbortSignal;
  /** The time was over before the outer signal aborted. */
  isOver(): boolean;
  /** Stops the timer and releases the outer signal. Call it when the work is done. */
  clear(): void;
}

/** Gives a signal a time limit, in milliseconds. */
export function withDeadline(outer: AbortSignal, ms: number): Deadline {
  const controller = new AbortController();
  let over = false;
  const timer = setTimeout(() => {
    over = true;
    controller.abort(new Error(`not done after ${ms} ms`));
  }, ms);
  const follow = (): void => controller.abort(outer.reason);
  outer.addEventListener('abort', follow, { once: true });
  if (outer.aborted) follow();
  return {
    signal: controller.signal,
    isOver: () => over,
    clear: () => {
      clearTimeout(timer);
      outer.removeEventListener('abort', follow);
    },
  };
}
