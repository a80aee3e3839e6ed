/** Causes that are told apart; with more of them the oldest is forgotten, and told again at once. */
const CAUSES_MAX = 100;
const EVERY_MS = 1_000;

/**
 * Tells of a cause at most once a second, however often it happens: what fails in a loop would fill the disk with one
 * line. @param tell given the cause and how often it was left out since it was told last.
 * @param now milliseconds of a monotonic clock.
 */
export function toldSeldom(
  tell: (cause: Error, leftOut: number) => void,
  now: () => number = () => performance.now(),
): (cause: Error) => void {
  const told = new Map<string, { at: number; leftOut: number }>();
  return (cause) => {
    const before = told.get(cause.message);
    const at = now();
    if (before && at - before.at < EVERY_MS) {
      before.leftOut++;
      return;
    }
    told.delete(cause.message);
    told.set(cause.message, { at, leftOut: 0 });
    const [oldest] = told.keys();
    if (told.size > CAUSES_MAX && oldest !== undefined) told.delete(oldest);
    tell(cause, before?.leftOut ?? 0);
  };
}
