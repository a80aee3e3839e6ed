import { LIMITS } from '#libs/contract';
import { looksLikeCron, parseCron } from './cron-expression.js';
import { parseDayPhrase } from './day-phrase.js';
import { formatDuration, parseDuration, parseSingleUnit } from './duration.js';
import { looksLikeTime, parseTime } from './local-time.js';
import { nearestPhrase } from './nearest-phrase.js';
import { nextOccurrence } from './occurrences.js';
import { invalidSchedule, type Schedule, type ScheduleContext } from './schedule.js';
import { parseTimezone } from './time-zone.js';

const HORIZON_MS = LIMITS.scheduleHorizonDaysMax * 86_400_000;
const FORMS =
  'Use a delay ("30m"), an interval ("every 2h"), a cron expression ("0 9 * * 1-5"), a time ("2026-02-03T14:00") or days with a time ("weekdays at 9am").';

/**
 * Reads the text that a user wrote; docs/schedules.md has the grammar. What it returns occurs at least once after
 * `now`.
 * @throws GatewayError `invalid_schedule`, whose message says why; `invalid_timezone`
 */
export function parseSchedule(text: string, context: ScheduleContext): Schedule {
  if (text.length > LIMITS.scheduleTextCharsMax) {
    throw invalidSchedule(`A schedule has at most ${LIMITS.scheduleTextCharsMax} characters.`);
  }
  const words = text.trim().replace(/\s+/g, ' ');
  const schedule = read(words, { now: context.now, timezone: parseTimezone(context.timezone) });
  checkReach(words, schedule, context.now);
  return schedule;
}

/** The first form that matches decides; afterwards only the forms that could be meant are tried. */
function read(text: string, context: ScheduleContext): Schedule {
  const every = /^every (.+)$/i.exec(text)?.[1];
  if (every !== undefined) return readEvery(text, every, context);
  const single = text.replace(/^once (at )?/i, '');
  const delayMs = parseDuration(single.replace(/^in /i, ''));
  if (delayMs !== undefined) return delayed(text, delayMs, context);
  const { timezone } = context;
  if (looksLikeTime(single)) return { kind: 'once', at: parseTime(single, timezone), timezone };
  if (looksLikeCron(text)) return { kind: 'cron', expression: parseCron(text), timezone };
  return readDays(text, context);
}

function readEvery(text: string, every: string, context: ScheduleContext): Schedule {
  const everyMs = parseSingleUnit(every) ?? parseDuration(every);
  return everyMs === undefined ? readDays(text, context) : repeated(text, everyMs, context);
}

function repeated(text: string, everyMs: number, { now }: ScheduleContext): Schedule {
  const leastMs = LIMITS.scheduleIntervalSecondsMin * 1_000;
  if (everyMs < leastMs) {
    const problem = everyMs === 0 ? 'would run without a pause' : 'is too often';
    throw invalidSchedule(`"${text}" ${problem}; the shortest interval is ${formatDuration(leastMs)}.`);
  }
  return { kind: 'interval', everyMs, anchor: now };
}

function delayed(text: string, delayMs: number, { now }: ScheduleContext): Schedule {
  if (delayMs === 0) throw invalidSchedule(`"${text}" is no delay: it is over at once.`);
  return { kind: 'once', at: now + delayMs, delayMs };
}

function readDays(text: string, { timezone }: ScheduleContext): Schedule {
  const expression = parseDayPhrase(text);
  if (expression !== undefined) return { kind: 'cron', expression, timezone };
  if (text === '') throw invalidSchedule(`A schedule must not be empty. ${FORMS}`);
  if (/\d\.\d/.test(text)) throw invalidSchedule(`"${text}" is not a schedule: numbers are whole, as in "1h30m".`);
  const near = nearestPhrase(text);
  const guess = near === undefined ? '' : ` Did you mean "${near}"?`;
  throw invalidSchedule(`"${text}" is not a schedule.${guess} ${FORMS}`);
}

/** Refuses a schedule that never occurs, or so late that it must be a mistake. */
function checkReach(text: string, schedule: Schedule, now: number): void {
  if (schedule.kind === 'once' && schedule.at <= now) throw invalidSchedule(`"${text}" is in the past.`);
  const next = nextOccurrence(schedule, now);
  if (next === undefined) throw invalidSchedule(`"${text}" never happens: no date matches all its fields.`);
  if (next - now > HORIZON_MS) {
    throw invalidSchedule(`"${text}" is too far away: it must happen within ${LIMITS.scheduleHorizonDaysMax} days.`);
  }
}
