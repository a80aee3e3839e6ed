import { Cron, type CronOptions } from 'croner';
import { invalidSchedule } from './schedule.js';

const NICKNAMES: ReadonlyMap<string, string> = new Map([
  ['@hourly', '0 * * * *'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@weekly', '0 0 * * 0'],
  ['@monthly', '0 0 1 * *'],
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
]);

const FIELDS = [
  { name: 'minute', values: '0-59' },
  { name: 'hour', values: '0-23' },
  { name: 'day of month', values: '1-31, L for the last, 15W for the weekday nearest to the 15th' },
  { name: 'month', values: '1-12 or JAN-DEC' },
  { name: 'day of week', values: '0-7 or SUN-SAT, MON#2 for the second, FRI#L for the last' },
] as const;

/**
 * How croner reads an expression. `no-wildcard` makes a list of times (`30 2,14 * * *`) a fixed time at a clock change,
 * as in Vixie cron; docs/schedules.md has the rule.
 */
export function cronOf(expression: string, timezone: string): Cron {
  const options: CronOptions = { timezone, mode: '5-part', fixedTimeRule: 'no-wildcard', paused: true };
  return new Cron(expression, options);
}

/** Whether a text is meant as a cron expression, so that the error names a mistake in a cron expression. */
export function looksLikeCron(text: string): boolean {
  return text.startsWith('@') || /^[\d*?,/-]+(\s+[\w*?,/#+-]+){2,}$/.test(text);
}

/**
 * Checks a cron expression of five fields, or a nickname (`@daily`).
 * @returns its five fields, one blank between two.
 * @throws GatewayError `invalid_schedule` that names the wrong field
 */
export function parseCron(text: string): string {
  if (text.startsWith('@')) return parseNickname(text);
  const fields = text.split(/\s+/);
  if (fields.length !== FIELDS.length) throw invalidSchedule(wrongCount(text, fields.length));
  for (const [index, { name, values }] of FIELDS.entries()) {
    const field = fields[index] ?? '';
    if (isField(field, index)) continue;
    throw invalidSchedule(`The ${name} field "${field}" of "${text}" is not valid; it takes ${values}.`);
  }
  return fields.join(' ');
}

function parseNickname(text: string): string {
  const expression = NICKNAMES.get(text.toLowerCase());
  if (expression !== undefined) return expression;
  throw invalidSchedule(`"${text}" is not known; ${[...NICKNAMES.keys()].join(', ')} are.`);
}

function wrongCount(text: string, count: number): string {
  const seconds = count > FIELDS.length ? ' Fields for seconds or years are not supported.' : '';
  return `"${text}" has ${count} fields, a cron expression has five: minute, hour, day of month, month, day of week.${seconds}`;
}

/** Tries one field with stars around it, so that the answer can name the field without reading croner's messages. */
function isField(field: string, index: number): boolean {
  const expression = FIELDS.map((_, other) => (other === index ? field : '*')).join(' ');
  try {
    cronOf(expression, 'UTC');
    return true;
  } catch {
    return false;
  }
}
