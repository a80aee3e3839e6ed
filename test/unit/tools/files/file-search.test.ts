import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileSearch } from '../../../../libs/tools/src/files/file-search.js';
import { fitsWildcard } from '../../../../libs/tools/src/files/wildcard.js';
import type { Tool } from '#libs/contract';
import { use, workspaceLab, type WorkspaceLab } from '../../../support/tool-lab.js';

let lab: WorkspaceLab;
let tool: Tool;
let folder: string;
beforeEach(async () => {
  lab = await workspaceLab();
  folder = await lab.folder();
  tool = fileSearch(lab.workspaces);
  await mkdir(join(folder, 'src'));
  await mkdir(join(folder, 'node_modules'));
  await writeFile(join(folder, 'src', 'a.ts'), 'const x = 1;\nlet Y = 2;\n// x.y\n');
  await writeFile(join(folder, 'b.md'), 'x.y\r\n');
  await writeFile(join(folder, 'node_modules', 'c.ts'), 'const x');
  await writeFile(join(folder, 'binary'), 'const x\0');
});
afterEach(() => lab.remove());

const search = async (args: object) => (await use(tool, { ...args })).output;

test.each([
  [{ query: 'x.y' }, 'b.md:1: x.y\r\nsrc/a.ts:3: // x.y'],
  [{ query: 'x.y', files: '*.ts' }, 'src/a.ts:3: // x.y'],
  [{ query: 'x.y', path: 'src' }, 'src/a.ts:3: // x.y'],
  [{ query: 'y =' }, '[Nothing was found.]'],
  [{ query: 'y =', ignore_case: true }, 'src/a.ts:2: let Y = 2;'],
  [{ query: '^(const|let) \\w', regex: true }, 'src/a.ts:1: const x = 1;\nsrc/a.ts:2: let Y = 2;'],
  [{ query: '^LET', regex: true, ignore_case: true }, 'src/a.ts:2: let Y = 2;'],
])('%j', async (args, expected) => {
  expect(await search(args)).toBe(expected);
});

test.each([
  [{ query: '' }, 'query'],
  [{ query: '(', regex: true }, 'no regular expression'],
  [{ query: 'x', path: '..' }, 'refused'],
  [{ query: 'x', files: '*'.repeat(257) }, '256'],
  [{ query: 'x', path: 'nowhere' }, 'does not exist'],
  [{ query: 'x', regex: 'yes' }, 'true or false'],
])('%j is answered', async (args, why) => {
  expect(await use(tool, { ...args } as never)).toEqual({ isError: true, output: expect.stringContaining(why) });
});

test('a pattern that backtracks for ever is stopped, and the event loop stays free meanwhile', async () => {
  await writeFile(join(folder, 'long'), `${'a'.repeat(40)}!`);
  let beats = 0;
  const heart = setInterval(() => (beats += 1), 20);
  const result = await use(tool, { query: '(a+)+$', regex: true });
  clearInterval(heart);
  expect(result).toMatchObject({ isError: true, output: expect.stringContaining('too long') });
  // Of 250 on a quiet machine; of one or two if the search held the loop.
  expect(beats).toBeGreaterThan(10);
});

test('a text that is looked for in one like it leaves the event loop free', async () => {
  await writeFile(join(folder, 'long'), 'a'.repeat(2_000_000));
  let beats = 0;
  const heart = setInterval(() => (beats += 1), 20);
  // Found or given up: it takes seconds.
  await use(tool, { query: `${'a'.repeat(499)}b${'a'.repeat(500)}` });
  clearInterval(heart);
  expect(beats).toBeGreaterThan(3);
});

test('an owner does not wait for the search of another one', async () => {
  await writeFile(join(folder, 'long'), `${'a'.repeat(40)}!`);
  let isOver = false;
  const first = use(tool, { query: '(a+)+$', regex: true }).finally(() => (isOver = true));
  expect((await use(tool, { query: '^x', regex: true }, { owner: 'another' })).output).toBe('[Nothing was found.]');
  expect(isOver).toBe(false);
  await first;
});

test('a search that waits for another one is not begun when its run has gone', async () => {
  await writeFile(join(folder, 'long'), `${'a'.repeat(40)}!`);
  const first = use(tool, { query: '(a+)+$', regex: true });
  const abort = new AbortController();
  const second = use(tool, { query: '^const', regex: true }, { signal: abort.signal });
  abort.abort(new Error('stop'));
  await expect(second).rejects.toThrow('stop');
  expect(await first).toMatchObject({ isError: true });
});

test('many lines are cut, a long line too', async () => {
  await writeFile(join(folder, 'many'), `needle ${'x'.repeat(1_000)}\n`.repeat(300));
  for (const regex of [false, true]) {
    const lines = (await search({ query: 'needle', regex })).split('\n');
    expect(lines).toHaveLength(201);
    expect(lines.at(-1)).toBe('[Only the first 200 lines are given.]');
    expect(lines[0]).toHaveLength('many:1: '.length + 300);
  }
});

test.each<[string, string, boolean]>([
  ['a.ts', '*.ts', true],
  ['a.tsx', '*.ts', false],
  ['a.test.ts', 'a*.*.ts', true],
  ['ab', 'a*b*b', false],
  ['abb', 'a*b*b', true],
  ['a', '*', true],
  ['abc', '**b***', true],
  ['abc', 'a**b', false],
  ['aba', 'ab*ba', false],
  ['readme', 'readme', true],
])('the name %s and the pattern %s: %s', (name, pattern, fits) => {
  expect(fitsWildcard(name, pattern)).toBe(fits);
});
