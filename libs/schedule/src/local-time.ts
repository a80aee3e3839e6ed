import { invalidSchedule } from './schedule.js';
import { instantOf } from './wall-clock.js';

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:(?:T|\s+)(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,3})\d*)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;

/** Whether a text is meant as a date, so that the error names a mistake in a date. */
export const looksLikeTime = (text: string): boolean => /^\d{4}-\d{1,2}-\d{1,2}/.test(text);

/**
 * Reads an ISO 8601 time; a blank may stand for the `T`, a date alone is its midnight. Without an offset it is the
 * local time of `timezone`.
 * @returns milliseconds since the epoch
 * @throws GatewayError `invalid_schedule`
 */
export function parseTime(text: string, timezone: string): number {
  const match = ISO.exec(text);
  if (match === null) throw invalidSchedule(`"${text}" is not an ISO 8601 time such as "2026-02-03T14:00".`);
  return match[8] === undefined ? instantOf(wallOf(match), timezone) : wallOf(match) - offsetMs(text, match[8]);
}

/** The fields of a match as if they were UTC. */
function wallOf([text, ...fields]: RegExpExecArray): number {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields.map((digits) => Number(digits ?? 0));
  const wall = Date.UTC(year, month - 1, day, hour, minute, second, Number((fields[6] ?? '').padEnd(3, '0')));
  if (hour > 23 || minute > 59 || second > 59) {
    throw invalidSchedule(`"${text}" names a time of day that no clock shows.`);
  }
  const date = new Date(wall);
  const real = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!real) throw invalidSchedule(`"${text}" names a date that no calendar has.`);
  return wall;
}

function offsetMs(text: string, offset: string): number {
  if (offset.toUpperCase() === 'Z') return 0;
  const digits = offset.slice(1).replace(':', '');
  const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2))];
  if (hours > 14 || minutes > 59) throw invalidSchedule(`"${text}" has an offset that no place on earth has.`);
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
