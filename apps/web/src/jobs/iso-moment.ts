import { moment } from '../ui/format.js';

/** A time as the jobs API writes it, in the reader's own zone; empty for none. */
export const isoMoment = (iso: string | null): string => (iso === null ? '' : moment(Date.parse(iso) / 1_000));

/** The same in the zone of the job, whose name stands behind it when it is not the reader's own. */
export function zonedMoment(iso: string | null, timeZone: string): string {
  if (iso === null) return '';
  if (timeZone === Intl.DateTimeFormat().resolvedOptions().timeZone) return isoMoment(iso);
  const text = new Date(iso).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short', timeZone });
  return `${text} (${timeZone})`;
}
