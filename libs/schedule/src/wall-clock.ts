const DAY = 86_400_000;

/** @returns what a clock on the wall shows at an instant, as if it were UTC; both in milliseconds. */
export function wallTime(instant: number, timezone: string): number {
  const parts = new Map(
    clockOf(timezone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const milliseconds = ((instant % 1_000) + 1_000) % 1_000;
  return Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
    milliseconds,
  );
}

function clockOf(timezone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
}

/**
 * The instant at which the clocks of a zone show `wall` (see `wallTime`). A time that occurs twice is its first
 * occurrence. A time that clocks skip is the first instant after the gap.
 */
export function instantOf(wall: number, timezone: string): number {
  const offsetAt = (instant: number): number => wallTime(instant, timezone) - instant;
  const before = wall - offsetAt(wall - DAY);
  const after = wall - offsetAt(wall + DAY);
  const exact = [before, after].filter((instant) => wallTime(instant, timezone) === wall);
  if (exact.length > 0) return Math.min(...exact);
  // `after` is still before the gap and `before` after it: the clocks jump somewhere between the two.
  let [low, high] = [Math.min(before, after), Math.max(before, after)];
  const jumped = offsetAt(high);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle) === jumped) high = middle;
    else low = middle;
  }
  return high;
}
