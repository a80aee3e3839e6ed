import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileList } from '../../../../libs/tools/src/files/file-list.js';
import { filePatch } from '../../../../libs/tools/src/files/file-patch.js';
import { fileRead } from '../../../../libs/tools/src/files/file-read.js';
import { fileWrite } from '../../../../libs/tools/src/files/file-write.js';
import { WORKSPACE_LIMITS } from '../../../../libs/tools/src/workspace/limits.js';
import { use, workspaceLab, type WorkspaceLab } from '../../../support/tool-lab.js';

let lab: WorkspaceLab;
beforeEach(async () => void (lab = await workspaceLab()));
afterEach(() => lab.remove());

const read = (args: object) => use(fileRead(lab.workspaces), { ...args });
const write = (path: string, content: unknown) => use(fileWrite(lab.workspaces), { path, content: content as string });
const patch = (path: string, ...edits: object[]) => use(filePatch(lab.workspaces), { path, edits: edits as never });
const list = (args: object = {}) => use(fileList(lab.workspaces), { ...args });

describe('file_write and file_read', () => {
  test.each(['hello\nworld\n', '', '\ufeffwith mark', 'Grüße 🌍\r\n'])('%j comes back as it was', async (content) => {
    expect(await write('a/b/c.txt', content)).toEqual({
      output: `Wrote ${Buffer.byteLength(content)} bytes to a/b/c.txt.`,
    });
    const { output } = await read({ path: './a/b/c.txt' });
    expect(output).toBe(content === '' ? '[The file is empty.]' : content);
  });

  test('writing again replaces, keeps the mode and leaves nothing behind', async () => {
    await write('run.sh', 'one');
    const folder = await lab.folder();
    await chmod(join(folder, 'run.sh'), 0o750);
    await write('run.sh', 'two');
    expect((await stat(join(folder, 'run.sh'))).mode & 0o777).toBe(0o750);
    expect(await readdir(folder)).toEqual(['run.sh']);
  });

  test('lines are given as asked, with a note of what is missing', async () => {
    await write('a.txt', Array.from({ length: 10 }, (_, i) => `line ${i + 1}\n`).join(''));
    expect((await read({ path: 'a.txt', start_line: 3, line_count: 2 })).output).toBe(
      'line 3\nline 4\n[Lines 3 to 4 of 10.]',
    );
    expect((await read({ path: 'a.txt', start_line: 9 })).output).toBe('line 9\nline 10\n[Lines 9 to 10 of 10.]');
    expect((await read({ path: 'a.txt', start_line: 11 })).output).toBe('[The file has only 10 lines.]');
  });

  test('long output is cut at a line, a long line within', async () => {
    await write('many.txt', `${'x'.repeat(999)}\n`.repeat(1_000));
    expect((await read({ path: 'many.txt' })).output).toMatch(/\n\[Lines 1 to 80 of 1000\.]$/);
    await write('one.txt', 'x'.repeat(100_000));
    expect((await read({ path: 'one.txt' })).output).toMatch(/x\n\[Line 1 is cut: it has 100000 characters\.]$/);
  });

  test.each<[string, unknown]>([
    ['no text', 5],
    ['half a character', '\ud83d'],
    ['too much', 'x'.repeat(WORKSPACE_LIMITS.fileBytesMax + 1)],
    ['too much in bytes', 'ü'.repeat(WORKSPACE_LIMITS.fileBytesMax / 2 + 1)],
  ])('content that is %s is refused', async (_what, content) => {
    expect(await write('a.txt', content)).toMatchObject({ isError: true });
    expect(await read({ path: 'a.txt' })).toMatchObject({ isError: true });
  });

  test.each<[string, Buffer, string]>([
    ['a NUL', Buffer.from('a\0b'), 'not text'],
    ['Latin-1', Buffer.from([0x47, 0x72, 0xfc]), 'not text'],
    ['more than may be read', Buffer.alloc(WORKSPACE_LIMITS.fileBytesMax + 1, 'x'), '2000001 bytes'],
  ])('a file with %s is not given', async (_what, content, why) => {
    await writeFile(join(await lab.folder(), 'a'), content);
    expect(await read({ path: 'a' })).toEqual({ isError: true, output: expect.stringContaining(why) });
  });

  test.each([{}, { path: 7 }, { path: 'a', start_line: 0 }, { path: 'a', line_count: 1.5 }, { path: '' }])(
    'arguments that are wrong are answered: %j',
    async (args) => {
      await write('a', 'x');
      expect(await read(args)).toMatchObject({ isError: true });
    },
  );

  test('a folder is no file, and a file is no folder', async () => {
    await write('a/b.txt', 'x');
    expect(await read({ path: 'a' })).toMatchObject({ isError: true, output: expect.stringContaining('folder') });
    expect(await write('a', 'x')).toMatchObject({ isError: true });
    expect(await write('a/b.txt/c', 'x')).toMatchObject({ isError: true });
  });

  test('the workspace has a limit of files', async () => {
    const folder = await lab.folder();
    await mkdir(join(folder, 'many'));
    const names = Array.from({ length: WORKSPACE_LIMITS.filesMax }, (_, i) => join(folder, 'many', String(i)));
    await Promise.all(names.map((name) => writeFile(name, '')));
    expect(await write('one-more', 'x')).toMatchObject({
      isError: true,
      output: expect.stringContaining('5000 files'),
    });
    expect(await write('many/7', 'there already')).not.toHaveProperty('isError');
    expect(await write('node_modules/a.js', 'x')).toMatchObject({ isError: true });
  });
});

describe('file_patch', () => {
  beforeEach(() => write('a.txt', 'one two two three $& $1'));

  test('replaces what occurs once, in order', async () => {
    await patch('a.txt', { old_text: 'one', new_text: 'ONE three' }, { old_text: ' three $&', new_text: '$1' });
    expect((await read({ path: 'a.txt' })).output).toBe('ONE three two two$1 $1');
  });

  test('replaces everything when asked to, and removes', async () => {
    await patch('a.txt', { old_text: 'two ', new_text: '', replace_all: true });
    expect((await read({ path: 'a.txt' })).output).toBe('one three $& $1');
  });

  test.each([
    ['occurs twice', [{ old_text: 'two', new_text: '2' }]],
    ['overlaps itself', [{ old_text: 'wo t', new_text: '2' }]],
    ['does not occur', [{ old_text: 'four', new_text: '4' }]],
    [
      'fails after one that did not',
      [
        { old_text: 'one', new_text: '1' },
        { old_text: 'one', new_text: '1' },
      ],
    ],
    ['is empty', [{ old_text: '', new_text: '1' }]],
    ['has no new text', [{ old_text: 'one' }]],
    ['is no object', ['one']],
    ['grows the file too much', [{ old_text: 'one', new_text: 'x'.repeat(2_000_000) }]],
    [
      'grows the file too much for a moment',
      [
        { old_text: 'one', new_text: 'x'.repeat(2_000_000) },
        { old_text: 'x', new_text: '', replace_all: true },
      ],
    ],
  ])('an edit that %s changes nothing', async (_what, edits) => {
    expect(await patch('a.txt', ...(edits as object[]))).toMatchObject({ isError: true });
    expect((await read({ path: 'a.txt' })).output).toBe('one two two three $& $1');
  });

  test('edits that would multiply the file are refused before it is built', async () => {
    await write('a.txt', 'a'.repeat(30_000));
    const edits = [
      { old_text: 'a', new_text: 'b'.repeat(7_000), replace_all: true },
      { old_text: 'b', new_text: 'c', replace_all: true },
    ];
    expect(await patch('a.txt', ...edits)).toMatchObject({ isError: true, output: expect.stringMatching(/^Edit 1: /) });
    expect((await read({ path: 'a.txt' })).output).toBe('a'.repeat(30_000));
  });

  test('no more than 100,000 places are replaced by one edit', async () => {
    await write('a.txt', 'a'.repeat(100_001));
    const all = { old_text: 'a', new_text: '', replace_all: true };
    expect(await patch('a.txt', all)).toMatchObject({ isError: true, output: expect.stringContaining('100000') });
    expect(await patch('a.txt', { old_text: 'aa', new_text: 'b', replace_all: true })).not.toHaveProperty('isError');
  });

  test('a long passage is looked for in a file that repeats itself', async () => {
    await write('a.txt', 'a'.repeat(2_000_000));
    const edit = { old_text: `${'a'.repeat(5_000)}b${'a'.repeat(5_000)}`, new_text: 'c' };
    expect(await patch('a.txt', edit)).toMatchObject({ isError: true });
  });

  test('two at the same time both count', async () => {
    await Promise.all([
      patch('a.txt', { old_text: 'one', new_text: '1' }),
      patch('a.txt', { old_text: 'three', new_text: '3' }),
    ]);
    expect((await read({ path: 'a.txt' })).output).toBe('1 two two 3 $& $1');
  });

  test('a missing file is not made, nor its folder', async () => {
    expect(await patch('new/a.txt', { old_text: 'a', new_text: 'b' })).toMatchObject({ isError: true });
    expect(await list()).toEqual({ output: 'a.txt' });
  });
});

describe('file_list', () => {
  test('nothing, one level, all levels', async () => {
    expect(await list()).toEqual({ output: '[The folder is empty.]' });
    await write('b/c/d.txt', 'x');
    await write('a.txt', 'x');
    expect(await list()).toEqual({ output: 'a.txt\nb/' });
    expect(await list({ depth: 9 })).toEqual({ output: 'a.txt\nb/\nb/c/\nb/c/d.txt' });
    expect(await list({ path: 'b', depth: 2 })).toEqual({ output: 'c/\nc/d.txt' });
    expect(await list({ path: 'nowhere' })).toMatchObject({ isError: true });
  });

  test('is cut after a thousand', async () => {
    const folder = await lab.folder();
    await Promise.all(Array.from({ length: 1_001 }, (_, i) => writeFile(join(folder, `f${i}`), '')));
    expect((await list()).output).toMatch(/\n\[Cut after 1000 of 1001 entries\.]$/);
  });
});
