import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const COLUMNS_MAX = 120;

const documents = ['.', 'docs', 'docs/adr'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** Lines of prose that are too long, with their numbers. Tables, code blocks and addresses cannot be broken. */
function longLines(text: string): string[] {
  let code = false;
  return text.split('\n').flatMap((line, index) => {
    if (/^\s*```/.test(line)) code = !code;
    const exempt = code || /^\s*\||^#|https?:\S{40}/.test(line);
    return exempt || line.length <= COLUMNS_MAX ? [] : [`${index + 1}: ${line}`];
  });
}

test('prose in documents ends at 120 columns', () => {
  expect(documents.length).toBeGreaterThan(30);
  const found = documents.flatMap((file) => longLines(read(file)).map((line) => `${file}:${line}`));
  expect(found).toEqual([]);
});

test('a long line is found, and a table or a code block is not', () => {
  const long = 'word '.repeat(30);
  expect(longLines(['short', long, `| ${long}|`, '```', long, '```', long].join('\n'))).toEqual([
    `2: ${long}`,
    `7: ${long}`,
  ]);
});

test.each(['ARCHITECTURE.md', 'docs/internals.md'])('%s names files and folders that exist', (document) => {
  const named = [...read(document).matchAll(/`((?:apps|libs|test|docs|bench)\/[\w./-]+)`/g)].map(
    ([, path = '']) => path,
  );
  expect(named.length).toBeGreaterThan(15);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test('every page is linked from the README, and every link of a document leads somewhere', () => {
  const pages = documents.filter((file) => /^docs\/[^/]+\.md$/.test(file));
  expect(pages.filter((file) => !read('README.md').includes(`(${file})`))).toEqual([]);
  const broken = documents.flatMap((file) =>
    [...read(file).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)]
      .map(([, target = '']) => join(dirname(file), target))
      .filter((target) => !existsSync(join(root, target)))
      .map((target) => `${file}: ${target}`),
  );
  expect(broken).toEqual([]);
});

test('the changelog: versions, then Added, Changed and Fixed, and an area in front of every line', () => {
  const lines = read('CHANGELOG.md').split('\n');
  const versions = lines.filter((line) => line.startsWith('## '));
  expect(versions[0]).toBe('## Unreleased');
  expect(versions.slice(1).filter((line) => !/^## \d+\.\d+\.\d+ - \d{4}-\d{2}-\d{2}$/.test(line))).toEqual([]);
  expect(lines.filter((line) => /^### (?!Added$|Changed$|Fixed$|Removed$|Security$)/.test(line))).toEqual([]);
  const areas = /^- \*\*(API|Runs|Models|Tools|Sessions|Jobs|Chats|Start|Operations|Development)(, \w+)*\*\*: /;
  expect(lines.filter((line) => line.startsWith('- ') && !areas.test(line))).toEqual([]);
});
