import { toldSeldom } from '#libs/platform';

test('a cause is told at most once a second, with how often it was left out, and apart from others', () => {
  const clock = { now: 0 };
  const lines: [string, number][] = [];
  const tell = toldSeldom(
    (cause, leftOut) => void lines.push([cause.message, leftOut]),
    () => clock.now,
  );
  for (let i = 0; i < 50; i++) tell(new Error('ECONNREFUSED'));
  tell(new Error('READONLY'));
  expect(lines).toEqual([
    ['ECONNREFUSED', 0],
    ['READONLY', 0],
  ]);
  clock.now = 1_000;
  tell(new Error('ECONNREFUSED'));
  expect(lines.at(-1)).toEqual(['ECONNREFUSED', 49]);
});

test('it remembers a bounded number of causes', () => {
  let count = 0;
  const tell = toldSeldom(
    () => count++,
    () => 0,
  );
  for (let i = 0; i < 300; i++) tell(new Error(`cause ${i}`));
  tell(new Error('cause 0'));
  tell(new Error('cause 299'));
  expect(count).toBe(301);
});
