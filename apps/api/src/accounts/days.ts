const DAY_MS = 86_400_000;

/** The number of a day since the epoch, in UTC; undefined for what is no day of the calendar. */
export function dayOf(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const ms = Date.parse(`${text}T00:00:00Z`);
  // Some parsers take 2026-02-30 for a day in March.
  return Number.isNaN(ms) || ms < 0 || dayText(ms / DAY_MS) !== text ? undefined : ms / DAY_MS;
}

/** The inverse: `2026-01-31`. */
export const dayText = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** The day that it is at `now` (ms). */
export const today = (now: number): number => Math.floor(now / DAY_MS);
