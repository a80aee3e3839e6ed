import fc from 'fast-check';
import { readMarkdown } from '../../../libs/messengers/src/text/read-markdown.js';
import { splitText } from '../../../libs/messengers/src/text/split-text.js';

const bare = (text: string): string => text.replace(/\s+/g, '');
const piece = fc.oneof(
  fc.constantFrom('**bold words**', '`code`', '[link](https://a.example/x)', '\n\n', '\n', ' ', '- item\n', '# Head\n'),
  fc.constantFrom(
    '```ts\nconst a = 1;\nconst b = 2;\n```\n',
    '> quoted\n',
    '|a|b|\n|-|-|\n|1|2|\n',
    '😀',
    '👩‍👩‍👧',
    '日本語',
  ),
  fc.string({ maxLength: 20 }),
);
const markdown = fc.array(piece, { maxLength: 40 }).map((parts) => parts.join(''));

test('parts keep their bound, are not blank, and together are the whole text', () => {
  fc.assert(
    fc.property(markdown, fc.integer({ min: 2, max: 80 }), (text, max) => {
      const rich = readMarkdown(text);
      const parts = splitText(rich, max);
      expect(parts.every((part) => part.text.length <= max && part.text.trim() !== '')).toBe(true);
      expect(bare(parts.map((part) => part.text).join(''))).toBe(bare(rich.text));
    }),
  );
});

test('no surrogate pair is cut, and marks lie within their part', () => {
  fc.assert(
    fc.property(markdown, fc.integer({ min: 2, max: 80 }), (text, max) => {
      for (const part of splitText(readMarkdown(text), max)) {
        expect(part.text.isWellFormed()).toBe(text.isWellFormed() || part.text.isWellFormed());
        for (const { offset, length } of part.marks) {
          expect(offset >= 0 && length > 0 && offset + length <= part.text.length).toBe(true);
        }
      }
    }),
  );
});

test('a mark that fits into a part is never cut: as many marks as in the whole text', () => {
  fc.assert(
    fc.property(markdown, fc.integer({ min: 60, max: 120 }), (text, max) => {
      const rich = readMarkdown(text);
      const isShort = rich.marks.every(({ length }) => length <= max / 2);
      const blankEnds = rich.marks.some(({ offset, length }) =>
        /^\s|\s$/.test(rich.text.slice(offset, offset + length)),
      );
      fc.pre(isShort && !blankEnds);
      const cut = splitText(rich, max).flatMap(({ marks }) => marks);
      expect(cut.length).toBe(rich.marks.length);
    }),
  );
});

test('a block of code moves into the next part as a whole; one that is longer goes on as code', () => {
  const [first, second] = splitText(readMarkdown('aaa bbb\n```\n12345678\n```\nccc'), 12);
  expect(first).toEqual({ text: 'aaa bbb', marks: [] });
  expect(second).toEqual({ text: '12345678\nccc', marks: [{ type: 'pre', offset: 0, length: 8 }] });
  const long = splitText(readMarkdown('```js\n1234567\n1234567\n1234567\n```'), 10);
  expect(long.map(({ text }) => text)).toEqual(['1234567', '1234567', '1234567']);
  expect(long.every(({ marks: [mark] }) => mark?.type === 'pre' && mark.language === 'js' && mark.length === 7)).toBe(
    true,
  );
});

test('the beginning of a growing text stays where it was cut', () => {
  const text = Array.from({ length: 40 }, (_, i) => `paragraph ${i} with some words`).join('\n\n');
  const [first] = splitText(readMarkdown(text), 200);
  for (let end = text.length / 2; end < text.length; end += 97) {
    expect(splitText(readMarkdown(text.slice(0, end)), 200)[0]).toEqual(first);
  }
});
