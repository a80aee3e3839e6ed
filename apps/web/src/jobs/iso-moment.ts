import { moment } from '../ui/format.js';

/** A time as the jobs API writes it, in the reader's own zone; empty for none. */
export const isoMoment = (iso: string | null): string => (iso === null ? '' : moment(Date.parse(iso) / 1_000));
