const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

const UNITS: readonly (readonly [ms: number, ...words: string[]])[] = [
  [WEEK, 'w', 'week', 'weeks'],
  [DAY, 'd', 'day', 'days'],
  [HOUR, 'h', 'hr', 'hrs', 'hour', 'hours'],
  [MINUTE, 'm', 'min', 'mins', 'minute', 'minutes'],
  [SECOND, 's', 'sec', 'secs', 'second', 'seconds'],
];

const DURATION = /^\d{1,15}\s*[a-z]+((\s*,\s*|\s+and\s+|\s*)\d{1,15}\s*[a-z]+)*$/;

const unitOf = (word: string): number | undefined => UNITS.find(([, ...words]) => words.includes(word))?.[0];

/**
 * Reads an elapsed time: `30m`, `1h30m`, `2 hours and 5 minutes`. Whole numbers, each unit once; the case does not
 * matter.
 * @returns milliseconds, which may be 0; undefined when the text is no duration.
 */
export function parseDuration(text: string): number | undefined {
  const lower = text.toLowerCase();
  if (!DURATION.test(lower)) return undefined;
  const seen = new Set<number>();
  let total = 0;
  for (const [, count, word] of lower.matchAll(/(\d+)\s*([a-z]+)/g)) {
    const unit = unitOf(word ?? '');
    if (unit === undefined || seen.has(unit)) return undefined;
    seen.add(unit);
    total += Number(count) * unit;
  }
  return total;
}

/** @returns the milliseconds of one `second`, `minute` or `hour`, the units that may stand without a number. */
export function parseSingleUnit(text: string): number | undefined {
  const unit = unitOf(text.toLowerCase());
  return unit !== undefined && unit <= HOUR ? unit : undefined;
}

/** The shortest form that `parseDuration` reads back: `1h30m`, `2d`. Fractions of a second are left out. */
export function formatDuration(ms: number): string {
  let rest = ms;
  let text = '';
  for (const [unit, word] of UNITS) {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    if (count > 0) text += `${count}${word}`;
  }
  return text || '0s';
}
