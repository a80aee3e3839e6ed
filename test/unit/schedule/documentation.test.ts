import { readFileSync } from 'node:fs';
import { LIMITS } from '#libs/contract';
import { describeSchedule, nextOccurrence, nextOccurrences, parseSchedule } from '#libs/schedule';

const page = readFileSync('docs/schedules.md', 'utf8');
const context = { now: Date.parse('2026-02-03T09:20Z'), timezone: 'Europe/Berlin' };

/** The rows of the table below a heading, without the code marks. */
function rowsBelow(heading: string): string[][] {
  const section = page.split('\n## ').find((text) => text.startsWith(heading)) ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(1).map((line) =>
    line
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.replace(/^`(.*)`$/, '$1')),
  );
}

const berlin = new Intl.DateTimeFormat('sv-SE', { timeZone: context.timezone, dateStyle: 'short', timeStyle: 'short' });

describe('docs/schedules.md', () => {
  const accepted = rowsBelow('What you can write');
  const refused = rowsBelow('What is refused');
  const changes = rowsBelow('When clocks change');

  test('has its three tables', () => {
    expect([accepted.length, refused.length, changes.length].map((length) => length >= 5)).toEqual([true, true, true]);
  });

  test.each(accepted)('%s: %s', (text, _, shown, first) => {
    const schedule = parseSchedule(text ?? '', context);
    expect([describeSchedule(schedule), berlin.format(nextOccurrence(schedule, context.now))]).toEqual([shown, first]);
  });

  test.each(refused)('%s is refused', (text, answer) => {
    expect(() => parseSchedule(text ?? '', context)).toThrow(
      expect.objectContaining({ code: 'invalid_schedule', message: answer }),
    );
  });

  test.each(changes)('%s in %s from %s', (expression = '', timezone = '', from = '', list = '') => {
    const expected = list.split(', ').map((text) => Date.parse(text));
    const found = nextOccurrences({ kind: 'cron', expression, timezone }, Date.parse(from), expected.length);
    expect(found).toEqual(expected);
  });

  test('names the limits', () => {
    expect(page).toContain(`at most ${LIMITS.scheduleTextCharsMax} characters`);
    expect(page).toContain(`within ${LIMITS.scheduleHorizonDaysMax} days`);
  });
});
