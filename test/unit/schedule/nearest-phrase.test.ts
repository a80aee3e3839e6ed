import { parseSchedule } from '#libs/schedule';

const context = { now: Date.UTC(2026, 0, 1), timezone: 'UTC' };

test.each([
  ['8:30', 'daily at 8:30'],
  ['at 9am', 'daily at 9am'],
  ['workdays 8:30', 'weekdays at 8:30'],
  ['every working day at 7pm', 'weekdays at 7pm'],
  ['monthly on the 1st at 9:00', '0 9 1 * *'],
  ['every month on the 15th at 6pm', '0 18 15 * *'],
  ['every morning', 'daily at 8am'],
  ['in the evening', 'daily at 6pm'],
  ['hourly', 'every 1h'],
  ['weekly', 'mondays at 9am'],
])('%s is refused, and the guess is a schedule: %s', (text, guess) => {
  expect(() => parseSchedule(text, context)).toThrow(`"${text}" is not a schedule. Did you mean "${guess}"?`);
  expect(() => parseSchedule(guess, context)).not.toThrow();
});

test.each(['soon', 'tomorrow at 9', 'x'.repeat(200), 'at', 'every'])('%s has no guess', (text) => {
  expect(() => parseSchedule(text, context)).toThrow(
    expect.not.objectContaining({ message: expect.stringContaining('Did you mean') as string }) as Error,
  );
});
