import { leftOutHeader } from '#libs/contract';

test.each<[string[], string | undefined]>([
  [[], undefined],
  [['temperature'], 'temperature'],
  [['tools.web_search', 'top_p', 'top_p'], 'tools.web_search, top_p'],
  [['a\r\nset-cookie: x'], 'a__set-cookie__x'],
  [['x'.repeat(100)], 'x'.repeat(64)],
])('%j', (names, value) => {
  expect(leftOutHeader(names)).toBe(value);
});

test('the header has a bound', () => {
  const names = Array.from({ length: 1_000 }, (_, i) => `field${i}`);
  expect(leftOutHeader(names)?.split(', ')).toHaveLength(32);
});
