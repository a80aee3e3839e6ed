import { lastOccurrence, nextOccurrences, type Schedule } from '#libs/schedule';

/**
 * What happens when clocks change. A fixed time (no `*`, `?` or `/` in minute and hour) that clocks skip happens at the
 * first instant after the gap, one that they repeat happens once; any other expression runs through on the clock of the
 * wall.
 */
type Row = readonly [expression: string, after: string, ...occurrences: string[]];

const TABLES: Readonly<Record<string, readonly Row[]>> = {
  // 29 March 2026: 02:00 -> 03:00 at 01:00Z. 25 October 2026: 03:00 -> 02:00 at 01:00Z.
  'Europe/Berlin': [
    ['0 9 * * *', '2026-03-28T07:00Z', '2026-03-28T08:00Z', '2026-03-29T07:00Z', '2026-03-30T07:00Z'],
    ['30 2 * * *', '2026-03-28T00:00Z', '2026-03-28T01:30Z', '2026-03-29T01:00Z', '2026-03-30T00:30Z'],
    ['0,30 2,3 * * *', '2026-03-28T20:00Z', '2026-03-29T01:00Z', '2026-03-29T01:30Z', '2026-03-30T00:00Z'],
    ['15 2,14 * * *', '2026-03-28T20:00Z', '2026-03-29T01:00Z', '2026-03-29T12:15Z', '2026-03-30T00:15Z'],
    [
      '0 1-4 * * *',
      '2026-03-28T20:00Z',
      '2026-03-29T00:00Z',
      '2026-03-29T01:00Z',
      '2026-03-29T02:00Z',
      '2026-03-29T23:00Z',
    ],
    ['*/20 * * * *', '2026-03-29T00:20Z', '2026-03-29T00:40Z', '2026-03-29T01:00Z', '2026-03-29T01:20Z'],
    ['*/30 2 * * *', '2026-03-28T20:00Z', '2026-03-30T00:00Z', '2026-03-30T00:30Z'],
    ['30 2 * * *', '2026-10-24T10:00Z', '2026-10-25T00:30Z', '2026-10-26T01:30Z'],
    ['30 2 * * *', '2026-10-25T00:30Z', '2026-10-26T01:30Z'],
    [
      '0 1-4 * * *',
      '2026-10-24T20:00Z',
      '2026-10-24T23:00Z',
      '2026-10-25T00:00Z',
      '2026-10-25T02:00Z',
      '2026-10-25T03:00Z',
    ],
    [
      '*/30 * * * *',
      '2026-10-25T00:00Z',
      '2026-10-25T00:30Z',
      '2026-10-25T01:00Z',
      '2026-10-25T01:30Z',
      '2026-10-25T02:00Z',
    ],
    [
      '*/30 2 * * *',
      '2026-10-24T20:00Z',
      '2026-10-25T00:00Z',
      '2026-10-25T00:30Z',
      '2026-10-25T01:00Z',
      '2026-10-25T01:30Z',
      '2026-10-26T01:00Z',
    ],
  ],
  // 8 March 2026: 02:00 -> 03:00 at 07:00Z. 1 November 2026: 02:00 -> 01:00 at 06:00Z.
  'America/New_York': [
    ['30 2 * * *', '2026-03-07T08:00Z', '2026-03-08T07:00Z', '2026-03-09T06:30Z'],
    ['0 9 * * 1-5', '2026-03-06T12:00Z', '2026-03-06T14:00Z', '2026-03-09T13:00Z'],
    ['*/30 * * * *', '2026-03-08T06:00Z', '2026-03-08T06:30Z', '2026-03-08T07:00Z'],
    ['30 1 * * *', '2026-11-01T00:00Z', '2026-11-01T05:30Z', '2026-11-02T06:30Z'],
    ['0 * * * *', '2026-11-01T04:30Z', '2026-11-01T05:00Z', '2026-11-01T06:00Z', '2026-11-01T07:00Z'],
    ['0 9 * * 0', '2026-10-31T00:00Z', '2026-11-01T14:00Z', '2026-11-08T14:00Z'],
  ],
  // Half an hour off, never changed.
  'Asia/Kolkata': [
    ['30 5 * * *', '2026-03-28T10:00Z', '2026-03-29T00:00Z', '2026-03-30T00:00Z'],
    ['0 0 1 * *', '2026-03-15T00:00Z', '2026-03-31T18:30Z', '2026-04-30T18:30Z'],
    ['*/15 * * * *', '2026-10-25T00:50Z', '2026-10-25T01:00Z', '2026-10-25T01:15Z'],
  ],
  // There was no 30 December 2011: midnight at its beginning, 10:00Z, was midnight at its end.
  'Pacific/Apia': [
    ['0 9 * * *', '2011-12-28T20:00Z', '2011-12-29T19:00Z', '2011-12-30T19:00Z', '2011-12-31T19:00Z'],
    ['0 0 * * *', '2011-12-28T20:00Z', '2011-12-29T10:00Z', '2011-12-30T10:00Z', '2011-12-31T10:00Z'],
    ['0 9 30 12 *', '2011-01-01T00:00Z', '2012-12-29T19:00Z'],
    ['0 9 * * FRI', '2011-12-20T00:00Z', '2011-12-23T19:00Z', '2012-01-05T19:00Z'],
    ['0 9 L * *', '2011-12-20T00:00Z', '2011-12-30T19:00Z', '2012-01-30T19:00Z'],
    ['*/30 * * * *', '2011-12-30T09:00Z', '2011-12-30T09:30Z', '2011-12-30T10:00Z', '2011-12-30T10:30Z'],
  ],
  // Half an hour. 4 October 2026: 02:00 -> 02:30 at 15:30Z of the 3rd. 5 April 2026: 02:00 -> 01:30 at 15:00Z of the
  // 4th.
  'Australia/Lord_Howe': [
    ['15 2 * * *', '2026-10-03T00:00Z', '2026-10-03T15:30Z', '2026-10-04T15:15Z'],
    ['*/15 2 * * *', '2026-10-03T00:00Z', '2026-10-03T15:30Z', '2026-10-03T15:45Z', '2026-10-04T15:00Z'],
    ['45 1 * * *', '2026-04-04T00:00Z', '2026-04-04T14:45Z', '2026-04-05T15:15Z'],
    ['15 1 * * *', '2026-04-04T00:00Z', '2026-04-04T14:15Z', '2026-04-05T14:45Z'],
    [
      '*/15 1 * * *',
      '2026-04-04T12:00Z',
      '2026-04-04T14:00Z',
      '2026-04-04T14:15Z',
      '2026-04-04T14:30Z',
      '2026-04-04T14:45Z',
      '2026-04-04T15:00Z',
      '2026-04-04T15:15Z',
      '2026-04-05T14:30Z',
    ],
  ],
  // The gap ends at midnight, so its times have no instant on their day: they are left out, as a day is that never was.
  'America/Nuuk': [
    ['30 23 * * *', '2026-03-27T20:00Z', '2026-03-28T01:30Z', '2026-03-30T00:30Z'],
    ['0 0 * * *', '2026-03-28T10:00Z', '2026-03-29T01:00Z', '2026-03-30T01:00Z'],
  ],
  // The gap begins at midnight.
  'Africa/Cairo': [['0 0 * * *', '2026-04-23T00:00Z', '2026-04-23T22:00Z', '2026-04-24T21:00Z']],
};

describe.each(Object.entries(TABLES))('%s', (timezone, rows) => {
  test.each(rows)('%s after %s', (expression, after, ...expected) => {
    const schedule: Schedule = { kind: 'cron', expression, timezone };
    const from = Date.parse(after);
    const instants = expected.map((text) => Date.parse(text));
    expect(nextOccurrences(schedule, from, expected.length)).toEqual(instants);
    // and backward
    for (const [index, instant] of instants.entries()) {
      expect(lastOccurrence(schedule, instant, from)).toBe(instant);
      expect(lastOccurrence(schedule, instant - 1, from + 1)).toBe(instants[index - 1]);
    }
  });
});
