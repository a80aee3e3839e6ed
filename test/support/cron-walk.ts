/**
 * Cron by brute force: an own reader of the five fields, and a walk from minute to minute with Intl as the only
 * calendar. Shares nothing with libs/schedule or croner, and knows the rules of docs/schedules.md.
 */
const MINUTE = 60_000;
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

const clocks = new Map<string, { format: Intl.DateTimeFormat; shown: Map<number, number> }>();

/** The local time of the zone, written as if it were UTC, in whole minutes. */
export function wallMinute(instant: number, zone: string): number {
  const clock = clocks.get(zone) ?? { format: minutesOf(zone), shown: new Map<number, number>() };
  clocks.set(zone, clock);
  const shown = clock.shown.get(instant) ?? Date.parse(`${clock.format.format(instant).replace(' ', 'T')}Z`) / MINUTE;
  clock.shown.set(instant, shown);
  return shown;
}

const minutesOf = (timeZone: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short', hourCycle: 'h23' });

/** The instants of a year at which the clocks of a zone jump, to the minute. */
export function clockChanges(zone: string, year: number): number[] {
  const offset = (instant: number): number => wallMinute(instant, zone) - Math.floor(instant / MINUTE);
  const changes: number[] = [];
  const end = Date.UTC(year + 1, 0, 1);
  for (let hour = Date.UTC(year, 0, 1); hour < end; hour += 60 * MINUTE) {
    if (offset(hour) === offset(hour + 60 * MINUTE)) continue;
    let instant = hour + MINUTE;
    while (offset(instant) === offset(hour)) instant += MINUTE;
    changes.push(instant);
  }
  return changes;
}

/** No clock is set back by more. */
const LONGEST_REPETITION = 4 * 60 * MINUTE;

/** Every occurrence after `from` and before `to`. */
export function walk(expression: string, zone: string, from: number, to: number): number[] {
  const isFixed = !/[*?/]/.test(expression.split(' ').slice(0, 2).join(''));
  const matches = matcher(expression);
  const found: number[] = [];
  // Starts early, so that a time in the second pass of a repeated hour is known to be a repetition.
  const start = Math.floor(from / MINUTE) * MINUTE - LONGEST_REPETITION;
  let latest = wallMinute(start, zone);
  for (let at = start + MINUTE; at < to; at += MINUTE) {
    const wall = wallMinute(at, zone);
    const occurs = isFixed ? fixedOccurs(matches, wall, latest) : matches(wall);
    latest = Math.max(latest, wall);
    if (occurs && at > from) found.push(at);
  }
  return found;
}

/** Once, at its first; when its time was skipped, at the first minute after the gap if that is the same day. */
function fixedOccurs(matches: (wall: number) => boolean, wall: number, latest: number): boolean {
  if (wall <= latest) return false;
  const midnight = wall - (wall % 1_440);
  for (let skipped = Math.max(latest + 1, midnight); skipped <= wall; skipped += 1) if (matches(skipped)) return true;
  return false;
}

/** Whether a wall minute matches an expression. */
export function matcher(expression: string): (wallMinute: number) => boolean {
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = expression.toUpperCase().split(' ');
  const minutes = values(minute, 0, 59);
  const hours = values(hour, 0, 23);
  const months = values(named(month, MONTHS, 1), 1, 12);
  const onDay = dayMatcher(day, weekday);
  return (wall) => {
    const date = new Date(wall * MINUTE);
    if (!minutes.has(date.getUTCMinutes()) || !hours.has(date.getUTCHours())) return false;
    return months.has(date.getUTCMonth() + 1) && onDay(date);
  };
}

function dayMatcher(day: string, weekday: string): (date: Date) => boolean {
  const both = weekday.startsWith('+');
  const weekdays = named(weekday.replace('+', '').replace('-SUN', '-7'), WEEKDAYS, 0);
  const anyDay = day === '*' || day === '?';
  const anyWeekday = weekdays === '*' || weekdays === '?';
  return (date) => {
    const onDay = day.split(',').some((part) => isDayOfMonth(part, date));
    const onWeekday = weekdays.split(',').some((part) => isDayOfWeek(part, date));
    if (both || anyDay || anyWeekday) return onDay && onWeekday;
    return onDay || onWeekday;
  };
}

const lastDay = (date: Date): number =>
  new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();

function isDayOfMonth(part: string, date: Date): boolean {
  const day = date.getUTCDate();
  if (part === 'L') return day === lastDay(date);
  if (part === 'LW') return day === nearestWorkday(date, lastDay(date));
  if (part.endsWith('W')) return day === nearestWorkday(date, Number(part.slice(0, -1)));
  return values(part, 1, 31).has(day);
}

/** The working day of the month that is nearest to one of its days, looked for outwards. */
function nearestWorkday(month: Date, target: number): number | undefined {
  const last = lastDay(month);
  if (target > last) return undefined;
  const works = (day: number): boolean => {
    const weekday = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth(), day)).getUTCDay();
    return day >= 1 && day <= last && weekday !== 0 && weekday !== 6;
  };
  return [0, -1, 1, -2, 2].map((distance) => target + distance).find(works);
}

function isDayOfWeek(part: string, date: Date): boolean {
  const [days = '', nth] = part.split('#');
  const set = new Set([...values(days, 0, 7)].map((day) => day % 7));
  if (!set.has(date.getUTCDay())) return false;
  if (nth === undefined) return true;
  if (nth === 'L') return date.getUTCDate() + 7 > lastDay(date);
  return Math.ceil(date.getUTCDate() / 7) === Number(nth);
}

const named = (field: string, names: readonly string[], first: number): string =>
  names.reduce((text, name, index) => text.replaceAll(name, String(index + first)), field);

function values(field: string, least: number, most: number): ReadonlySet<number> {
  const set = new Set<number>();
  for (const part of field.split(',')) {
    const [range = '', step = '1'] = part.split('/');
    const [from, to] = range === '*' || range === '?' ? [least, most] : range.split('-').map(Number);
    for (let value = from ?? NaN; value <= (to ?? from ?? NaN); value += Number(step)) set.add(value);
  }
  return set;
}
