import { lastOccurrence, nextOccurrence, nextOccurrences, type Schedule } from '#libs/schedule';

const HOUR = 3_600_000;

describe('once', () => {
  const once: Schedule = { kind: 'once', at: 1_000 };

  test('is ahead until it has come', () => {
    expect(nextOccurrence(once, 999)).toBe(1_000);
    expect(nextOccurrence(once, 1_000)).toBeUndefined();
    expect(nextOccurrences(once, 0, 5)).toEqual([1_000]);
  });

  test('is the last one from then on, unless it is too long ago', () => {
    expect(lastOccurrence(once, 999, 0)).toBeUndefined();
    expect(lastOccurrence(once, 1_000, 1_000)).toBe(1_000);
    expect(lastOccurrence(once, 5_000, 1_001)).toBeUndefined();
  });
});

describe('an interval', () => {
  const every: Schedule = { kind: 'interval', everyMs: HOUR, anchor: 500 };

  test('does not count its anchor', () => {
    expect(nextOccurrences(every, 0, 2)).toEqual([500 + HOUR, 500 + 2 * HOUR]);
    expect(nextOccurrence(every, 500)).toBe(500 + HOUR);
    expect(nextOccurrence(every, 500 + HOUR)).toBe(500 + 2 * HOUR);
    expect(lastOccurrence(every, 500 + HOUR - 1, 0)).toBeUndefined();
  });

  test('after a long pause names the one that was missed last, and no burst', () => {
    const late = 500 + 1_000 * HOUR + 7;
    expect(lastOccurrence(every, late, late - HOUR)).toBe(500 + 1_000 * HOUR);
    expect(lastOccurrence(every, late, late - 6)).toBeUndefined();
    expect(nextOccurrence(every, late)).toBe(500 + 1_001 * HOUR);
  });

  test('keeps elapsed time where clocks change', () => {
    const evening: Schedule = { kind: 'interval', everyMs: 24 * HOUR, anchor: Date.parse('2026-03-28T08:00Z') };
    expect(nextOccurrence(evening, evening.anchor)).toBe(Date.parse('2026-03-29T08:00Z'));
  });
});

describe('cron', () => {
  const nine: Schedule = { kind: 'cron', expression: '0 9 * * *', timezone: 'UTC' };
  const at = Date.parse('2026-02-03T09:00Z');

  test('is strictly after, to the millisecond', () => {
    expect(nextOccurrence(nine, at - 1)).toBe(at);
    expect(nextOccurrence(nine, at)).toBe(at + 24 * HOUR);
    expect(nextOccurrences(nine, at, 0)).toEqual([]);
  });

  test('was last at or before, not earlier than asked', () => {
    expect(lastOccurrence(nine, at, at)).toBe(at);
    expect(lastOccurrence(nine, at + 1, at + 1)).toBeUndefined();
    expect(lastOccurrence(nine, at - 1, 0)).toBe(at - 24 * HOUR);
  });

  test('that never happens has neither a next nor a last one', () => {
    const never: Schedule = { kind: 'cron', expression: '0 9 31 2 *', timezone: 'UTC' };
    expect(nextOccurrence(never, at)).toBeUndefined();
    expect(lastOccurrence(never, at, 0)).toBeUndefined();
  });
});
