/** 1,234,567 in the reader's own way. */
export const count = (value: number): string => value.toLocaleString();

/** An amount in the currency of the price list: 12.35, 0.00042. */
export const amount = (cost: number): string =>
  cost.toLocaleString(undefined, cost >= 1 ? { maximumFractionDigits: 2 } : { maximumSignificantDigits: 3 });

/** A length of time: 340 ms, 2.4 s, 3 min 20 s, 2 h 5 min. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A moment, short: the time of today, the date and time of another day. @param seconds since the epoch. */
export function moment(seconds: number): string {
  const date = new Date(seconds * 1_000);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday
    ? date.toLocaleTimeString()
    : date.toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' });
}
