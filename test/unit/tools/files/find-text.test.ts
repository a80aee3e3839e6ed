import { mustEnd } from '../../../support/hang.js';
import fc from '../../../support/property.js';
import { placesOf } from '../../../../libs/tools/src/files/find-text.js';

/** Texts of two letters, so that much of them occurs again. */
const repetitive = (maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength });

test('long and short texts are found where the engine finds them', () => {
  const around = fc.tuple(repetitive(20), fc.constantFrom(0, 300), repetitive(20));
  fc.assert(
    fc.property(around, repetitive(5), fc.boolean(), ([head, fill, tail], between, overlapping) => {
      const wanted = head + 'a'.repeat(fill) + tail;
      const text = [between, wanted, wanted, between, wanted.slice(1), wanted].join(between);
      const expected: number[] = [];
      const step = overlapping ? 1 : wanted.length;
      for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + step)) expected.push(at);
      expect(placesOf(text, wanted, { max: 1_000, overlapping })).toEqual(expected);
      expect(placesOf(text, wanted, { max: 1, overlapping })).toEqual(expected.slice(0, 1));
    }),
  );
});

test('a long passage in a text that repeats itself makes nothing hang', () => {
  const text = 'a'.repeat(2_000_000);
  const half = 'a'.repeat(500_000);
  // The engine's own search would take half an hour.
  expect(mustEnd(() => placesOf(text, `${half}b${half}`, { max: 1, overlapping: false }))).toEqual([]);
});
