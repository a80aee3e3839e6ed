import fc from '../../../support/property.js';
import { encodingOf } from '../../../../apps/api/src/tokens/count-job.js';
import { splitLongRuns } from '../../../../apps/api/src/tokens/split-long-runs.js';

const text = fc
  .array(fc.oneof(fc.string(), fc.constant('a'.repeat(300)), fc.constant(' '.repeat(700))))
  .map((parts) => parts.join(''));

test('nothing is lost and nothing is longer without a boundary than a cut', () => {
  fc.assert(
    fc.property(text, (whole) => {
      const pieces = splitLongRuns(whole);
      expect(pieces.join('')).toBe(whole);
      for (const piece of pieces) expect(piece).not.toMatch(/\S{257}|\s{257}/);
    }),
  );
});

test('ordinary text stays in one piece', () => {
  const words = 'some words of ordinary length. '.repeat(1_000);
  expect(splitLongRuns(words)).toEqual([words]);
});

test.each([
  ['gpt-4', 'cl100k_base'],
  ['openai/gpt-4-turbo', 'cl100k_base'],
  ['gpt-3.5-turbo', 'cl100k_base'],
  ['gpt-4o', 'o200k_base'],
  ['gpt-4.1-mini', 'o200k_base'],
  ['gpt-5', 'o200k_base'],
  ['claude-sonnet', 'o200k_base'],
])('the encoding of %s is %s', (model, encoding) => {
  expect(encodingOf(model)).toBe(encoding);
});
