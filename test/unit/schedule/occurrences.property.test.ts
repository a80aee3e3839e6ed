import { Cron } from 'croner';
import fc from '../../support/property.js';
import { lastOccurrence, nextOccurrence, nextOccurrences, type Schedule } from '#libs/schedule';
import { dateExpression, nightExpression } from '../../support/cron-expressions.js';
import { clockChanges, matcher, walk } from '../../support/cron-walk.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 86_400_000;

const ZONES = [
  ['Europe/Berlin', 2026],
  ['America/New_York', 2026],
  ['Asia/Kolkata', 2026],
  ['Pacific/Apia', 2011],
  ['Australia/Lord_Howe', 2026],
  ['Africa/Cairo', 2026],
  ['Africa/Casablanca', 2026],
  ['America/Santiago', 2026],
  ['America/Nuuk', 2026],
  ['Antarctica/Troll', 2026],
  ['Pacific/Chatham', 2026],
] as const;

/** A zone, and a moment around a change of its clocks; any moment where they never change. */
const moment = fc
  .constantFrom(...ZONES)
  .map(([timezone, year]) => ({ timezone, changes: clockChanges(timezone, year), year }))
  .chain(({ timezone, changes, year }) => {
    const change = changes.length === 0 ? fc.constant(Date.UTC(year, 5, 1)) : fc.constantFrom(...changes);
    const shift = fc.oneof(
      fc.integer({ min: -20 * HOUR, max: 4 * HOUR }),
      fc.integer({ min: -2 * HOUR, max: 2 * HOUR }),
    );
    return fc.record({ timezone: fc.constant(timezone), change, shift });
  })
  .map(({ timezone, change, shift }) => ({ timezone, after: change + shift }));

const cron = (expression: string, timezone: string): Schedule => ({ kind: 'cron', expression, timezone });

describe('cron across changes of the clocks', () => {
  test('equals a walk from minute to minute', () => {
    let compared = 0;
    fc.assert(
      fc.property(nightExpression, moment, (expression, { timezone, after }) => {
        const end = after + 30 * HOUR;
        const expected = walk(expression, timezone, after, end).slice(0, 150);
        compared += expected.length;
        const found = nextOccurrences(cron(expression, timezone), after, Math.min(expected.length + 1, 150));
        expect(found.filter((at) => at < end)).toEqual(expected);
      }),
      { numRuns: 75 },
    );
    expect(compared).toBeGreaterThan(250);
  });

  test('the last occurrence is the last that a walk finds', () => {
    let found = 0;
    fc.assert(
      fc.property(nightExpression, moment, (expression, { timezone, after }) => {
        const at = after + 6 * HOUR;
        const expected = walk(expression, timezone, after - 1, at + 1).at(-1);
        if (expected !== undefined) found += 1;
        expect(lastOccurrence(cron(expression, timezone), at, after)).toBe(expected);
      }),
      { numRuns: 75 },
    );
    expect(found).toBeGreaterThan(12);
  });

  test('croner agrees with itself: forward, backward and one by one', () => {
    fc.assert(
      fc.property(nightExpression, moment, (expression, { timezone, after }) => {
        const schedule = cron(expression, timezone);
        const forward = nextOccurrences(schedule, after, 12);
        let at = after;
        for (const expected of forward) {
          expect(nextOccurrence(schedule, at)).toBe(expected);
          expect(lastOccurrence(schedule, expected, after)).toBe(expected);
          if (expected > at + 1) expect(lastOccurrence(schedule, expected - 1, at + 1)).toBeUndefined();
          at = expected;
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('cron over the years', () => {
  test('equals a look at every day of three years', () => {
    let compared = 0;
    fc.assert(
      fc.property(dateExpression, fc.integer({ min: 0, max: 20_000 }), (expression, day) => {
        const [minute, hour] = expression.split(' ').map(Number) as [number, number];
        const start = day * DAY;
        const matches = matcher(expression);
        const expected: number[] = [];
        for (let date = start; date < start + 1_100 * DAY; date += DAY) {
          const at = date + (hour * 60 + minute) * MINUTE;
          if (matches(at / MINUTE)) expected.push(at);
        }
        compared += expected.length;
        const found = nextOccurrences(cron(expression, 'UTC'), start - 1, expected.length + 1);
        expect(found.filter((at) => at < start + 1_100 * DAY)).toEqual(expected);
      }),
      { numRuns: 30 },
    );
    expect(compared).toBeGreaterThan(500);
  });

  test('croner matches every occurrence that it names, where no clock changes', () => {
    fc.assert(
      fc.property(dateExpression, fc.integer({ min: 0, max: 20_000 }), (expression, day) => {
        const library = new Cron(expression, { timezone: 'Asia/Kolkata', mode: '5-part' });
        const found = nextOccurrences(cron(expression, 'Asia/Kolkata'), day * DAY, 20);
        expect(found.filter((at) => !library.match(new Date(at)))).toEqual([]);
      }),
      { numRuns: 75 },
    );
  });
});

describe('intervals', () => {
  const interval = fc.record({
    kind: fc.constant('interval' as const),
    everyMs: fc.integer({ min: MINUTE, max: 400 * DAY }),
    anchor: fc.integer({ min: 0, max: 4e12 }),
  });

  test('stay on their grid, strictly after, without a hole, across any change of the clocks', () => {
    fc.assert(
      fc.property(interval, fc.integer({ min: 0, max: 4e12 }), (schedule, after) => {
        const found = nextOccurrences(schedule, after, 5);
        const first = found[0] ?? NaN;
        expect(first).toBeGreaterThan(after);
        expect(first - schedule.everyMs <= after || first === schedule.anchor + schedule.everyMs).toBe(true);
        expect(found).toEqual([0, 1, 2, 3, 4].map((step) => first + step * schedule.everyMs));
        expect((first - schedule.anchor) % schedule.everyMs).toBe(0);
      }),
    );
  });

  test('the last one lies at or before, and the next one after it', () => {
    fc.assert(
      fc.property(interval, fc.integer({ min: 0, max: 4e12 }), (schedule, at) => {
        const last = lastOccurrence(schedule, at, 0);
        const next = nextOccurrence(schedule, at) ?? NaN;
        if (last === undefined) expect(next).toBe(schedule.anchor + schedule.everyMs);
        else expect([last <= at, next - last]).toEqual([true, schedule.everyMs]);
      }),
    );
  });
});
