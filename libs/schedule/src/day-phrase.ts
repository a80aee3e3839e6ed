import { invalidSchedule } from './schedule.js';

const NAMES = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6];
const GROUPS: ReadonlyMap<string, readonly number[]> = new Map([
  ['day', EVERY_DAY],
  ['days', EVERY_DAY],
  ['daily', EVERY_DAY],
  ['weekday', [1, 2, 3, 4, 5]],
  ['weekdays', [1, 2, 3, 4, 5]],
  ['weekend', [0, 6]],
  ['weekends', [0, 6]],
]);

/**
 * Reads days with a time of day: `every monday 9am`, `weekdays at 18:30`, `mon, wed and fri at noon`.
 * @returns the cron expression; undefined when the text does not begin with days.
 * @throws GatewayError `invalid_schedule` when the days are clear and the time is missing or wrong
 */
export function parseDayPhrase(text: string): string | undefined {
  const words = text.toLowerCase().replace(/[,&-]/g, ' $& ').split(/\s+/);
  if (['every', 'each', 'on'].includes(words[0] ?? '')) words.shift();
  const days = takeDays(words);
  if (days === undefined) return undefined;
  if (words[0] === 'at') words.shift();
  const time = words.join(' ');
  if (time === '') throw invalidSchedule(`"${text}" does not say at what time; add it: "${text} at 9am".`);
  const clock = parseClock(time);
  if (clock === undefined) throw invalidSchedule(`"${time}" is not a time of day such as "9am", "18:30" or "noon".`);
  return `${clock.minute} ${clock.hour} * * ${dayField(days)}`;
}

/** Removes the days at the beginning, with the words that join them; leaves the rest. */
function takeDays(words: string[]): ReadonlySet<number> | undefined {
  const days = new Set<number>();
  let joined = true;
  while (joined) {
    const named = takeDay(words);
    if (named === undefined) return undefined;
    for (const day of named) days.add(day);
    joined = [',', 'and', '&'].includes(words[0] ?? '');
    while ([',', 'and', '&'].includes(words[0] ?? '')) words.shift();
  }
  return days;
}

function takeDay(words: string[]): readonly number[] | undefined {
  const word = words.shift() ?? '';
  const group = GROUPS.get(word);
  if (group !== undefined) return group;
  const first = dayOf(word);
  if (first === undefined) return undefined;
  if (words[0] !== '-' && words[0] !== 'to') return [first];
  words.shift();
  const last = dayOf(words.shift() ?? '');
  if (last === undefined) return undefined;
  const length = ((last - first + 7) % 7) + 1;
  return Array.from({ length }, (_, step) => (first + step) % 7);
}

function dayOf(word: string): number | undefined {
  const index = NAMES.findIndex((name) => `${name}s` === word || (word.length >= 3 && name.startsWith(word)));
  return index === -1 ? undefined : index;
}

function dayField(days: ReadonlySet<number>): string {
  const list = [...days].sort().join(',');
  if (list === '0,1,2,3,4,5,6') return '*';
  return list === '1,2,3,4,5' ? '1-5' : list;
}

interface Clock {
  readonly hour: number;
  readonly minute: number;
}

function parseClock(text: string): Clock | undefined {
  if (text === 'noon') return { hour: 12, minute: 0 };
  if (text === 'midnight') return { hour: 0, minute: 0 };
  const match = /^(\d{1,2})(?::(\d{2}))?\s*(am|pm)?$/.exec(text);
  if (match === null) return undefined;
  const [hour, minute, half] = [Number(match[1]), Number(match[2] ?? 0), match[3]];
  if (minute > 59 || hour > 23) return undefined;
  if (half === undefined) return { hour, minute };
  if (hour < 1 || hour > 12) return undefined;
  return { hour: (hour % 12) + (half === 'pm' ? 12 : 0), minute };
}
