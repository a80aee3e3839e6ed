import { CallArguments } from '../../../../libs/providers/src/openai/call-arguments.js';
import fc from '../../../support/property.js';

function heard(pieces: readonly string[]): string {
  const args = new CallArguments();
  return pieces.map((piece) => args.add(piece)).join('') + args.flush();
}

const ROME = '{"city":"Rome"}';
test.each<[string, string[], string]>([
  ['in pieces', ['{"city":', '"Rome"}'], ROME],
  ['whole', [ROME], ROME],
  ['once more in the last fragment', ['{"city":', '"Rome"}', ROME], ROME],
  ['once more, written otherwise', ['{"city":', '"Rome"}', '{"city": "Rome"}'], '{"city": "Rome"}'],
  ['once more in pieces', ['{"city":', '"Rome"}', '{"city"', ':"Rome"}'], ROME],
  ['three times', [ROME, ROME, ROME], ROME],
  ['closed objects that grow', ['{"city":"R"}', '{"city":"Rom"}', ROME], ROME],
  ['an empty object in front', ['{}', '{"city":', '"Rome"}'], ROME],
  ['an empty object in front, then all at once', ['{}', ROME], ROME],
  ['an empty object in front of arguments that were cut off', ['{}', '{"city":'], '{"city":'],
  ['text that grows, cut within words', ['{"ci', '{"city":"Ro', ROME], ROME],
  ['text that grows from the bracket on', ['{', '{"city"', '{"city":', ROME], ROME],
  ['text that grows, cut behind a colon', ['{"city":', '{"city":"Ro', ROME], ROME],
  ['text that grows, and once more at the end', ['{"city":', ROME, ROME], ROME],
  ['nested objects that begin alike', ['{"and":[', '{"and":[', '{"x":1}]}', ']}'], '{"and":[{"and":[{"x":1}]}]}'],
  ['nested objects in large pieces', ['{"and":[', '{"and":[{"x":1}]}]}'], '{"and":[{"and":[{"x":1}]}]}'],
  ['brackets within text', ['{"code":"', '{', '}', '"}'], '{"code":"{}"}'],
  ['white space behind the end', ['{"a":1}', '\n'], '{"a":1}\n'],
  ['no object', ['"text"'], '"text"'],
])('%s', (_how, pieces, expected) => {
  expect(heard(pieces)).toBe(expected);
});

test('what was told is not taken back: another object that does not begin with it changes nothing', () => {
  expect(heard(['{"city":', '"Rome"}', '{"town":"Oslo"}'])).toBe(ROME);
  const args = new CallArguments();
  expect([args.add(ROME), args.flush(), args.add('{"town":"Oslo"}'), args.flush()]).toEqual(['', ROME, '', '']);
});

test('pieces are told as they come', () => {
  const args = new CallArguments();
  expect(['{"a":"', 'b', 'c"', '}'].map((piece) => args.add(piece))).toEqual(['{"a":"', 'b', 'c"', '']);
  expect(args.flush()).toBe('}');
});

test('any JSON object, cut anywhere, arrives as it was written', () => {
  const objects = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }).map((value) => JSON.stringify(value));
  fc.assert(
    fc.property(objects, fc.array(fc.nat(), { maxLength: 6 }), (text, cuts) => {
      const at = [...new Set(cuts.map((cut) => 1 + (cut % text.length)))].sort((a, b) => a - b);
      const pieces = [0, ...at]
        .map((from, i) => text.slice(from, at[i] ?? text.length))
        .filter((piece) => piece !== '');
      expect(heard(pieces)).toBe(text);
    }),
  );
});
