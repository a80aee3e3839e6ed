import { readMarkdown } from '../../../libs/messengers/src/text/read-markdown.js';

const marksOf = (markdown: string): [string, string][] => {
  const { text, marks } = readMarkdown(markdown);
  return marks.map(({ type, offset, length }) => [type, text.slice(offset, offset + length)]);
};

test.each([
  [
    '**bold** and __bold__',
    'bold and bold',
    [
      ['bold', 'bold'],
      ['bold', 'bold'],
    ],
  ],
  [
    '*it* _it_ ~~no~~',
    'it it no',
    [
      ['italic', 'it'],
      ['italic', 'it'],
      ['strikethrough', 'no'],
    ],
  ],
  [
    '**a _b_ c**',
    'a b c',
    [
      ['bold', 'a b c'],
      ['italic', 'b'],
    ],
  ],
  [
    '`a*b*c` ``x`y``',
    'a*b*c x`y',
    [
      ['code', 'a*b*c'],
      ['code', 'x`y'],
    ],
  ],
  ['snake_case_name 2 * 3 * 4', 'snake_case_name 2 * 3 * 4', []],
  ['\\*plain\\* **open', '*plain* **open', []],
  ['[a *b*](https://x.example)', 'a *b*', [['text_link', 'a *b*']]],
  ['[bad](javascript:x)', '[bad](javascript:x)', []],
  ['# Head', 'Head', [['bold', 'Head']]],
  ['- one\n* two', '• one\n• two', []],
  ['> q1\n> q2\nafter', 'q1\nq2\nafter', [['blockquote', 'q1\nq2']]],
  ['```py\na = `1`\n```\nx', 'a = `1`\nx', [['pre', 'a = `1`']]],
  ['~~~\nopen', 'open', [['pre', 'open']]],
  ['|a|b|\n|-|-|\n|1|2|\nx', '|a|b|\n|-|-|\n|1|2|\nx', [['pre', '|a|b|\n|-|-|\n|1|2|']]],
])('%j', (markdown, text, marks) => {
  expect(readMarkdown(markdown).text).toBe(text);
  expect(marksOf(markdown)).toEqual(marks);
});

test('the language of a block and the address of a link are kept', () => {
  expect(readMarkdown('```ts\nx\n```').marks[0]).toMatchObject({ language: 'ts' });
  expect(readMarkdown('[a](https://x.example/y)').marks[0]).toMatchObject({ url: 'https://x.example/y' });
});

test('signs that nothing closes are read in a time that grows with the text', () => {
  const text = '*a `b [c _d ~~e '.repeat(20_000);
  expect(readMarkdown(text).text.length).toBeGreaterThan(100_000);
});
