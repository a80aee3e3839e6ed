import fc from 'fast-check';
import { fenceTables } from '../../../libs/messengers/src/text/fence-tables.js';
import { partsOf } from '../../../libs/messengers/src/text/parts-of.js';
import { splitMarkdown } from '../../../libs/messengers/src/text/split-markdown.js';

const FENCE = /^ {0,3}(`{3,}|~{3,})[^\n`]*$/gm;
/** Everything but blanks and the lines of fences, which a cut repeats. */
const bare = (text: string): string => text.replace(FENCE, '').replace(/\s+/g, '');
const code = fc
  .tuple(
    fc.constantFrom('```ts', '```', '~~~', '````md'),
    fc.array(fc.constantFrom('const a = 1;', '', '  b();'), { maxLength: 30 }),
  )
  .map(([sign, lines]) => `\n${sign}\n${lines.join('\n')}\n${/^[`~]+/.exec(sign)?.[0] ?? ''}\n`);
const piece = fc.oneof(
  code,
  fc.constantFrom('**bold words** ', '\n\n', '\n', ' ', '- item\n', '# Head\n', '😀', '👩‍👩‍👧', '日本語', '    indented\n'),
  fc.string({ maxLength: 40 }).map((text) => text.replace(/[`~]/g, '')),
);
const markdown = fc.array(piece, { maxLength: 60 }).map((parts) => parts.join(''));
const max = fc.integer({ min: 120, max: 400 });

test('parts keep their bound, are not blank, and together are the whole text', () => {
  fc.assert(
    fc.property(markdown, max, (text, most) => {
      const parts = splitMarkdown(text, most);
      expect(parts.every((part) => part.length <= most && part.trim() !== '')).toBe(true);
      expect(bare(parts.join('\n'))).toBe(bare(text));
    }),
  );
});

test('every part has its blocks of code whole: what it opens it closes, and no surrogate pair is cut', () => {
  fc.assert(
    fc.property(markdown, max, (text, most) => {
      for (const part of splitMarkdown(text, most)) {
        let open: string | undefined;
        for (const [, sign = ''] of part.matchAll(FENCE))
          open = open === undefined ? sign : sign.startsWith(open) ? undefined : open;
        expect(open).toBeUndefined();
        expect(part.isWellFormed()).toBe(true);
      }
    }),
  );
});

test('a block of code that fits moves as a whole; a longer one goes on with its fence and language', () => {
  const short = `${'word '.repeat(20)}\n\`\`\`js\n${'x\n'.repeat(20)}\`\`\``;
  expect(splitMarkdown(short, 130)[1]).toMatch(/^```js\nx\n[\s\S]*x\n```$/);
  const long = splitMarkdown(`\`\`\`py\n${'line of code\n'.repeat(40)}\`\`\`\nend`, 150);
  expect(long.length).toBeGreaterThan(3);
  expect(long.slice(0, -1).every((part) => /^```py\n[\s\S]+\n```$/.test(part))).toBe(true);
  expect(long.at(-1)).toMatch(/end$/);
});

test('the beginning of a growing text stays where it was cut', () => {
  const text = Array.from({ length: 40 }, (_, i) => `paragraph ${i} with some words`).join('\n\n');
  const [first] = splitMarkdown(text, 200);
  for (let end = text.length / 2; end < text.length; end += 97) {
    expect(splitMarkdown(text.slice(0, end), 200)[0]).toEqual(first);
  }
});

test('a text of blanks and one of signs are cut in a time that grows with the text', () => {
  expect(
    splitMarkdown(`a${' '.repeat(500_000)}b`, 2_000)
      .join(' ')
      .replace(/\s+/g, ' '),
  ).toBe('a b');
  expect(splitMarkdown('`~'.repeat(200_000), 2_000).length).toBeGreaterThan(100);
});

test('tables become blocks of code, and those in a block stay as they are', () => {
  const table = '|a|b|\n|-|-|\n|1|2|';
  expect(fenceTables(`x\n${table}\ny`)).toBe(`x\n\`\`\`\n${table}\n\`\`\`\ny`);
  expect(fenceTables(table)).toBe(`\`\`\`\n${table}\n\`\`\``);
  const fenced = `~~~\n${table}\n~~~\n|no table|`;
  expect(fenceTables(fenced)).toBe(fenced);
});

test('an answer of too many parts has a file with all of it, or says that it is cut', () => {
  const text = 'word '.repeat(20_000);
  const withFile = partsOf(text, { textMax: 2_000, entities: [], hasFiles: true });
  expect(withFile).toHaveLength(20);
  expect(withFile.at(-1)?.file).toEqual({ name: 'answer.md', text });
  const without = partsOf(text, { textMax: 2_000, entities: [], hasFiles: false });
  expect(without).toHaveLength(20);
  expect(without.every((part) => part.text.length <= 2_000)).toBe(true);
  expect(without.at(-1)?.text).toMatch(/left out here\.\]$/);
});
