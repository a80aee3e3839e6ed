/** The two ways to ask the launcher to stop. */
export interface StopWishes {
  /** Aborted by the first signal: stop in order. */
  readonly stop: AbortSignal;
  /** Aborted by a second one: stop at once. */
  readonly kill: AbortSignal;
}

/**
 * Turns signals into wishes. One Ctrl-C under `npm start` arrives twice, from the terminal and passed on by npm; what
 * comes within `SAME_WISH_MS` of the first is the same wish.
 */
export function listenForStop(
  on: (signal: NodeJS.Signals, listener: () => void) => unknown,
  now: () => number = Date.now,
): StopWishes {
  const stop = new AbortController();
  const kill = new AbortController();
  let firstAt = 0;
  const wish = (): void => {
    if (!stop.signal.aborted) {
      firstAt = now();
      stop.abort();
    } else if (now() - firstAt > SAME_WISH_MS) {
      kill.abort();
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) on(signal, wish);
  return { stop: stop.signal, kill: kill.signal };
}

const SAME_WISH_MS = 500;
