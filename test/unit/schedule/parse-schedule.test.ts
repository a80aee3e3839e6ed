import fc from '../../support/property.js';
import { GatewayError } from '#libs/contract';
import { describeSchedule, nextOccurrence, parseSchedule, type Schedule } from '#libs/schedule';
import { dateExpression, nightExpression } from '../../support/cron-expressions.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A Tuesday, 10:20:30 in Berlin. */
const now = Date.parse('2026-02-03T09:20:30Z');
const context = { now, timezone: 'Europe/Berlin' };
const read = (text: string): Schedule => parseSchedule(text, context);
const refusal = (text: string): string => {
  try {
    return `accepted: ${JSON.stringify(read(text))}`;
  } catch (cause) {
    return cause instanceof GatewayError ? cause.message : `not a GatewayError: ${String(cause)}`;
  }
};

describe('a delay', () => {
  test.each([
    ['30m', 30 * MINUTE],
    ['in 30m', 30 * MINUTE],
    ['IN 30 Minutes', 30 * MINUTE],
    ['  2  hours ', 2 * HOUR],
    ['once in 5 mins', 5 * MINUTE],
    ['1h30m', 90 * MINUTE],
    ['1d 2h, 3min', 26 * HOUR + 3 * MINUTE],
    ['in 1 hour and 5 minutes', 65 * MINUTE],
    ['90s', 90_000],
    ['2w', 14 * DAY],
  ])('%s', (text, delayMs) => {
    expect(read(text)).toEqual({ kind: 'once', at: now + delayMs, delayMs });
  });
});

describe('an interval', () => {
  test.each([
    ['every 2h', 2 * HOUR],
    ['Every 15 MINUTES', 15 * MINUTE],
    ['every minute', MINUTE],
    ['every hour', HOUR],
    ['every 1d', DAY],
    ['every 1h30m', 90 * MINUTE],
    ['every 60s', MINUTE],
  ])('%s', (text, everyMs) => {
    expect(read(text)).toEqual({ kind: 'interval', everyMs, anchor: now });
    expect(nextOccurrence(read(text), now)).toBe(now + everyMs);
  });
});

describe('a time', () => {
  test.each([
    ['2026-02-03T14:00', '2026-02-03T13:00:00.000Z'],
    ['2026-02-03t14:00', '2026-02-03T13:00:00.000Z'],
    ['2026-02-03 14:00:05', '2026-02-03T13:00:05.000Z'],
    ['2026-02-03T14:00:00.5', '2026-02-03T13:00:00.500Z'],
    ['2026-02-03T14:00:00.123456Z', '2026-02-03T14:00:00.123Z'],
    ['2026-02-03T18:30+05:30', '2026-02-03T13:00:00.000Z'],
    ['2026-02-03T10:00-0500', '2026-02-03T15:00:00.000Z'],
    ['2026-02-03T10:00 -05', '2026-02-03T15:00:00.000Z'],
    ['2026-07-01', '2026-06-30T22:00:00.000Z'],
    ['2028-02-29 12:00', '2028-02-29T11:00:00.000Z'],
    ['once at 2026-02-03 14:00', '2026-02-03T13:00:00.000Z'],
  ])('%s', (text, at) => {
    expect(read(text)).toEqual({ kind: 'once', at: Date.parse(at), timezone: 'Europe/Berlin' });
  });

  test.each([
    ['that clocks skip is the first instant after the gap', 'Europe/Berlin', '2026-03-29T02:30', '2026-03-29T01:00Z'],
    ['at the end of a gap is itself', 'Europe/Berlin', '2026-03-29T03:00', '2026-03-29T01:00Z'],
    ['that happens twice is its first', 'Europe/Berlin', '2026-10-25T02:30', '2026-10-25T00:30Z'],
    ['that clocks skip by half an hour', 'Australia/Lord_Howe', '2026-10-04T02:10', '2026-10-03T15:30Z'],
    ['that happens twice within half an hour', 'Australia/Lord_Howe', '2026-04-05T01:40', '2026-04-04T14:40Z'],
    ['of a zone far in the east', 'Pacific/Apia', '2026-03-01T00:00', '2026-02-28T11:00Z'],
    ['over which clocks jump at midnight', 'Africa/Cairo', '2026-04-24T00:30', '2026-04-23T22:00Z'],
  ])('%s', (_, timezone, text, at) => {
    expect(nextOccurrence(parseSchedule(text, { now, timezone }), now)).toBe(Date.parse(at));
  });

  test('on a day that a zone left out is the first instant of the next', () => {
    const before = { now: Date.parse('2011-12-01T00:00Z'), timezone: 'Pacific/Apia' };
    const schedule = parseSchedule('2011-12-30 09:00', before);
    expect(nextOccurrence(schedule, before.now)).toBe(Date.parse('2011-12-30T10:00Z'));
  });
});

describe('a cron expression', () => {
  test.each([
    ['0 9 * * 1-5', '0 9 * * 1-5'],
    [' 0  9 *\t* MON-FRI ', '0 9 * * MON-FRI'],
    ['*/15 9-17 1,15 JAN-MAR,dec ?', '*/15 9-17 1,15 JAN-MAR,dec ?'],
    ['0 9 L * *', '0 9 L * *'],
    ['0 9 15W * *', '0 9 15W * *'],
    ['0 9 * * MON#2', '0 9 * * MON#2'],
    ['0 9 * * FRI#L', '0 9 * * FRI#L'],
    ['0 9 13 * +FRI', '0 9 13 * +FRI'],
    ['0 0 29 2 *', '0 0 29 2 *'],
    ['@hourly', '0 * * * *'],
    ['@Daily', '0 0 * * *'],
    ['@midnight', '0 0 * * *'],
    ['@weekly', '0 0 * * 0'],
    ['@monthly', '0 0 1 * *'],
    ['@yearly', '0 0 1 1 *'],
    ['@annually', '0 0 1 1 *'],
  ])('%s', (text, expression) => {
    expect(read(text)).toEqual({ kind: 'cron', expression, timezone: 'Europe/Berlin' });
  });

  test('of every form that the generators of the walk make is read as it is, or never happens', () => {
    fc.assert(
      fc.property(fc.oneof(nightExpression, dateExpression), (expression) => {
        const schedule: Schedule = { kind: 'cron', expression, timezone: 'Europe/Berlin' };
        const answer = refusal(expression);
        const next = nextOccurrence(schedule, now);
        if (next === undefined) expect(answer).toContain('never happens');
        else if (next > now + 3_660 * DAY) expect(answer).toContain('is too far away');
        else expect(answer).toBe(`accepted: ${JSON.stringify(schedule)}`);
      }),
    );
  });
});

describe('days with a time', () => {
  test.each([
    ['every monday 9am', '0 9 * * 1'],
    ['Every Monday at 9 AM', '0 9 * * 1'],
    ['mondays at 9:30am', '30 9 * * 1'],
    ['weekdays at 18:30', '30 18 * * 1-5'],
    ['every weekday at 6pm', '0 18 * * 1-5'],
    ['on weekends at 10', '0 10 * * 0,6'],
    ['every day at noon', '0 12 * * *'],
    ['daily at 7:05', '5 7 * * *'],
    ['daily midnight', '0 0 * * *'],
    ['every day at 12am', '0 0 * * *'],
    ['every day at 12pm', '0 12 * * *'],
    ['tue and thu at 8', '0 8 * * 2,4'],
    ['every mon, wed, and fri at 21:15', '15 21 * * 1,3,5'],
    ['mon-thu at 9', '0 9 * * 1,2,3,4'],
    ['monday to friday at 9', '0 9 * * 1-5'],
    ['fri-mon at 9', '0 9 * * 0,1,5,6'],
    ['weekends and wednesday 8pm', '0 20 * * 0,3,6'],
    ['weekdays, weekends at 9', '0 9 * * *'],
  ])('%s', (text, expression) => {
    expect(read(text)).toEqual({ kind: 'cron', expression, timezone: 'Europe/Berlin' });
  });

  test('names the minutes of a day in both ways of writing it', () => {
    for (let minute = 0; minute < 1_440; minute += 7) {
      const [hour, rest] = [Math.floor(minute / 60), minute % 60];
      const digits = String(rest).padStart(2, '0');
      const expected = { expression: `${rest} ${hour} * * 0` };
      expect(read(`sunday ${hour}:${digits}`)).toMatchObject(expected);
      expect(read(`sundays at ${hour % 12 === 0 ? 12 : hour % 12}:${digits}${hour < 12 ? 'am' : ' pm'}`)).toMatchObject(
        expected,
      );
    }
  });
});

describe('a refusal', () => {
  test.each([
    ['', 'A schedule must not be empty.'],
    ['   ', 'A schedule must not be empty.'],
    ['soon', '"soon" is not a schedule. Use a delay ("30m")'],
    ['__proto__', '"__proto__" is not a schedule.'],
    ['every constructor at 9', 'is not a schedule.'],
    ['every month', '"every month" is not a schedule.'],
    ['every other day at 9', 'is not a schedule.'],
    ['at 9am', 'is not a schedule.'],
    ['-5m', 'is not a schedule.'],
    ['5', 'is not a schedule.'],
    ['1h 2h', 'is not a schedule.'],
    ['1h,', 'is not a schedule.'],
    ['1.5h', 'numbers are whole, as in "1h30m"'],
    ['0m', '"0m" is no delay: it is over at once.'],
    ['in 0h0m', 'is no delay'],
    ['every 0m', '"every 0m" would run without a pause; the shortest interval is 1m.'],
    ['every 59s', '"every 59s" is too often; the shortest interval is 1m.'],
    ['every second', '"every second" is too often'],
    ['in 3661 days', '"in 3661 days" is too far away: it must happen within 3660 days.'],
    ['every 600w', 'is too far away'],
    ['in 999999999999999 weeks', 'is too far away'],
    ['2999-01-01', '"2999-01-01" is too far away'],
    ['0 0 29 2 +MON', 'is too far away'],
    ['2026-02-03T10:20', '"2026-02-03T10:20" is in the past.'],
    ['2026-02-03T09:20:30Z', 'is in the past.'],
    ['2020-01-01', 'is in the past.'],
    ['2026-02-30', '"2026-02-30" names a date that no calendar has.'],
    ['2027-02-29T10:00', 'names a date that no calendar has.'],
    ['2026-13-01', 'names a date that no calendar has.'],
    ['2026-02-04T24:00', '"2026-02-04T24:00" names a time of day that no clock shows.'],
    ['2026-02-04T10:60', 'names a time of day that no clock shows.'],
    ['2026-2-4', '"2026-2-4" is not an ISO 8601 time such as "2026-02-03T14:00".'],
    ['2026-02-04T10:00+0530 x', 'is not an ISO 8601 time'],
    ['2026-02-04T10:00+15', 'has an offset that no place on earth has.'],
    ['2026-02-04T10:00-05:60', 'has an offset that no place on earth has.'],
    ['0 9 31 2 *', '"0 9 31 2 *" never happens: no date matches all its fields.'],
    ['0 9 30 2 *', 'never happens'],
    ['0 9 31 4,6,9,11 *', 'never happens'],
    ['60 9 * * *', 'The minute field "60" of "60 9 * * *" is not valid; it takes 0-59.'],
    ['*/0 * * * *', 'The minute field "*/0"'],
    ['5/15 * * * *', 'The minute field "5/15"'],
    ['0 24 * * *', 'The hour field "24"'],
    ['0 9 32 * *', 'The day of month field "32"'],
    ['0 9 * 13 *', 'The month field "13"'],
    ['0 9 * JANUARY *', 'The month field "JANUARY"'],
    ['0 9 * * 8', 'The day of week field "8"'],
    ['0 9 * * MONDAY', 'The day of week field "MONDAY"'],
    ['0 9 * * FRI-MON', 'The day of week field "FRI-MON"'],
    ['0 9 * * MON#6', 'The day of week field "MON#6"'],
    ['0 9 * *', '"0 9 * *" has 4 fields, a cron expression has five'],
    ['0 9 * * * 30', '"0 9 * * * 30" has 6 fields'],
    ['0 0 9 * * MON', 'Fields for seconds or years are not supported.'],
    ['0 0 9 * * * 2026', 'has 7 fields'],
    ['@reboot', '"@reboot" is not known; @hourly, @daily'],
    ['@every 5m', '"@every 5m" is not known'],
    ['every day', '"every day" does not say at what time; add it: "every day at 9am".'],
    ['mondays at', 'does not say at what time'],
    ['every monday 25:00', '"25:00" is not a time of day such as "9am", "18:30" or "noon".'],
    ['every monday at 13pm', '"13pm" is not a time of day'],
    ['every monday at 0am', '"0am" is not a time of day'],
    ['every monday at 9:60', '"9:60" is not a time of day'],
    ['every monday at 9am and 5pm', '"9am and 5pm" is not a time of day'],
    ['monday and at 9', 'is not a schedule.'],
    ['x'.repeat(257), 'A schedule has at most 256 characters.'],
  ])('%s', (text, message) => {
    expect(refusal(text)).toContain(message);
  });

  test("names the field, and is the caller's fault", () => {
    expect.assertions(1);
    try {
      read('soon');
    } catch (cause) {
      expect(cause).toMatchObject({ code: 'invalid_schedule', param: 'schedule' });
    }
  });

  test('of an unknown zone names the zone', () => {
    expect(() => parseSchedule('30m', { now, timezone: 'Mars/Olympus' })).toThrow(
      expect.objectContaining({ code: 'invalid_timezone', param: 'timezone' }),
    );
  });

  test('is the worst that any text can cause', () => {
    const word = fc.constantFrom(
      'every',
      'in',
      'once',
      'at',
      'and',
      'monday',
      '9am',
      '30m',
      '1h',
      '@',
      '*',
      '*/5',
      '0',
      '9',
      '-',
      ',',
      'L',
      '#',
      '+',
      'W',
      '2026-02-04',
      'T',
      ':',
      'Z',
      '\u0000',
      'é',
    );
    const text = fc.oneof(
      fc.string({ maxLength: 300, unit: 'grapheme' }),
      fc.array(word, { maxLength: 9 }).map((words) => words.join(' ')),
      fc.array(word, { maxLength: 9 }).map((words) => words.join('')),
    );
    fc.assert(
      fc.property(text, (value) => {
        expect(refusal(value)).not.toContain('not a GatewayError');
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the display text', () => {
  test.each([
    ['30m', 'once in 30m'],
    ['in 90 minutes', 'once in 1h30m'],
    ['every 120 minutes', 'every 2h'],
    ['every 36h', 'every 1d12h'],
    ['2026-02-03T18:30+05:30', 'once at 2026-02-03 14:00'],
    ['2026-02-03T14:00:07', 'once at 2026-02-03 14:00:07'],
    ['weekdays at 18:30', '30 18 * * 1-5'],
    ['@daily', '0 0 * * *'],
  ])('of %s is %s', (text, shown) => {
    expect(describeSchedule(read(text))).toBe(shown);
  });

  test('of a time without a zone is in UTC', () => {
    expect(describeSchedule({ kind: 'once', at: now })).toBe('once at 2026-02-03 09:20:30');
  });

  test('is read back as the same schedule', () => {
    const duration = fc.integer({ min: 60, max: 3_000 * 86_400 }).map((seconds) => `${seconds}s`);
    const time = fc.integer({ min: 1, max: 5e6 }).map((minutes) => new Date(now + minutes * MINUTE).toISOString());
    const text = fc.oneof(
      duration,
      duration.map((every) => `every ${every}`),
      time,
    );
    fc.assert(
      fc.property(text, fc.constantFrom('Asia/Kolkata', 'UTC', 'Pacific/Apia'), (value, timezone) => {
        const schedule = parseSchedule(value, { now, timezone });
        expect(parseSchedule(describeSchedule(schedule), { now, timezone })).toEqual(schedule);
      }),
    );
  });
});
