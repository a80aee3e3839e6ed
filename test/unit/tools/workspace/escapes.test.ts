import type { Tool } from '#libs/contract';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileList } from '../../../../libs/tools/src/files/file-list.js';
import { filePatch } from '../../../../libs/tools/src/files/file-patch.js';
import { fileRead } from '../../../../libs/tools/src/files/file-read.js';
import { fileSearch } from '../../../../libs/tools/src/files/file-search.js';
import { fileWrite } from '../../../../libs/tools/src/files/file-write.js';
import { todo } from '../../../../libs/tools/src/todo/todo.js';
import { until } from '../../../support/until.js';
import { use, workspaceLab, type WorkspaceLab } from '../../../support/tool-lab.js';

/** What a program in the workspace can prepare: links and other things that are no plain files. */
let lab: WorkspaceLab;
let home: string;
let outside: string;
let tools: Record<'read' | 'write' | 'patch' | 'list' | 'search' | 'todo', Tool>;

beforeEach(async () => {
  lab = await workspaceLab();
  home = await lab.folder();
  outside = join(lab.root, '..', 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'secret.txt'), 'the secret');
  const { workspaces } = lab;
  tools = {
    read: fileRead(workspaces),
    write: fileWrite(workspaces),
    patch: filePatch(workspaces),
    list: fileList(workspaces),
    search: fileSearch(workspaces),
    todo: todo(workspaces),
  };
});
afterEach(() => lab.remove());

const edits = [{ old_text: 'secret', new_text: 'taken' }];
const secret = (): Promise<string> => readFile(join(outside, 'secret.txt'), 'utf8');

async function expectShut(path: string): Promise<void> {
  for (const result of [
    await use(tools.read, { path }),
    await use(tools.patch, { path, edits }),
    await use(tools.list, { path }),
  ]) {
    expect(result).toMatchObject({ isError: true });
    expect(result.output).not.toContain('the secret');
  }
  expect((await use(tools.search, { query: 'secret' })).output).not.toContain('the secret');
  expect(await secret()).toBe('the secret');
}

test('a link to a file is not followed; writing puts a new file in its place at most', async () => {
  await symlink(join(outside, 'secret.txt'), join(home, 'a.txt'));
  await expectShut('a.txt');
  expect(await use(tools.write, { path: 'a.txt', content: 'x' })).toMatchObject({ isError: true });
  expect(await secret()).toBe('the secret');
});

test('a link that leads nowhere is not made into a file out there', async () => {
  await symlink(join(outside, 'new.txt'), join(home, 'a.txt'));
  expect(await use(tools.write, { path: 'a.txt', content: 'x' })).toMatchObject({ isError: true });
  await expect(stat(join(outside, 'new.txt'))).rejects.toThrow('ENOENT');
});

test.each(['absolute', 'relative', 'chained'])('a folder that is a link is not entered (%s)', async (kind) => {
  await symlink(kind === 'relative' ? '../../../outside' : outside, join(home, 'way'));
  await mkdir(join(home, 'sub'));
  if (kind === 'chained') await symlink('../way', join(home, 'sub', 'out'));
  const path = kind === 'chained' ? 'sub/out/secret.txt' : 'way/secret.txt';
  await expectShut(path);
  expect(await use(tools.write, { path, content: 'x' })).toMatchObject({ isError: true });
  expect(await use(tools.write, { path: path.replace('secret', 'new'), content: 'x' })).toMatchObject({
    isError: true,
  });
  expect(await use(tools.list, { path: path.replace('/secret.txt', '') })).toMatchObject({ isError: true });
  await expect(stat(join(outside, 'new.txt'))).rejects.toThrow('ENOENT');
});

test('a folder that becomes a link after it was used is not entered', async () => {
  expect(await use(tools.write, { path: 'sub/secret.txt', content: 'mine' })).toEqual({
    output: 'Wrote 4 bytes to sub/secret.txt.',
  });
  await rename(join(home, 'sub'), join(home, 'old'));
  await symlink(outside, join(home, 'sub'));
  await expectShut('sub/secret.txt');
});

test('the workspace itself, exchanged for a link, is not entered', async () => {
  await rm(home, { recursive: true });
  await symlink(outside, home);
  await expectShut('secret.txt');
  expect(await use(tools.write, { path: 'new.txt', content: 'x' })).toMatchObject({ isError: true });
  expect(await use(tools.todo, { items: [{ text: 'x' }] })).toMatchObject({ isError: true });
  await expect(stat(join(outside, 'new.txt'))).rejects.toThrow('ENOENT');
});

/** Exchanges the folder `x` for the link `link` and back, as fast as it can. */
const EXCHANGE = `
  const { renameSync } = require('node:fs');
  for (;;) {
    renameSync('x', 'y');
    renameSync('link', 'x');
    renameSync('x', 'link');
    renameSync('y', 'x');
  }
`;

test('while a program exchanges a folder for a link again and again, nothing outside is read or written', async () => {
  await symlink(outside, join(home, 'link'));
  await mkdir(join(home, 'x'));
  await writeFile(join(home, 'x', 'secret.txt'), 'mine');
  const { ino } = await stat(join(outside, 'secret.txt'));
  const program = spawn(process.execPath, ['-e', EXCHANGE], { cwd: home, stdio: 'ignore' });
  const exited = once(program, 'exit');
  const path = 'x/secret.txt';
  const anyE = [{ old_text: 'e', new_text: 'e', replace_all: true }];
  try {
    const answers = new Set<boolean>();
    await until(async () => {
      const read = await use(tools.read, { path });
      expect(read.output).not.toContain('the secret');
      answers.add(read.isError === true);
      await use(tools.patch, { path, edits: anyE });
      return answers.size === 2;
    });
    for (let i = 0; i < 300; i += 1) {
      expect((await use(tools.read, { path })).output).not.toContain('the secret');
      await use(tools.patch, { path, edits: anyE });
    }
    expect((await stat(join(outside, 'secret.txt'))).ino).toBe(ino);
    expect(await readdir(outside)).toEqual(['secret.txt']);
  } finally {
    program.kill('SIGKILL');
    await exited;
  }
});

test('a second name of a file outside (hard link) is not opened, and is not written through', async () => {
  await link(join(outside, 'secret.txt'), join(home, 'a.txt'));
  await expectShut('a.txt');
  expect(await use(tools.write, { path: 'a.txt', content: 'x' })).not.toHaveProperty('isError');
  expect(await secret()).toBe('the secret');
});

test('a named pipe is refused and not waited for', async () => {
  execFileSync('mkfifo', [join(home, 'pipe')]);
  await expectShut('pipe');
  expect(await use(tools.write, { path: 'pipe', content: 'x' })).toMatchObject({ isError: true });
});

test('links are shown as what is neither file nor folder', async () => {
  await symlink(outside, join(home, 'way'));
  expect(await use(tools.list, { depth: 5 })).toEqual({ output: 'way?' });
});

test("another session's, another owner's and another run's files are elsewhere", async () => {
  await use(tools.write, { path: 'a.txt', content: 'mine' });
  expect(await use(tools.read, { path: 'a.txt' }, { sessionId: 'other' })).toMatchObject({ isError: true });
  expect(await use(tools.read, { path: 'a.txt' }, { owner: 'bob' })).toMatchObject({ isError: true });
  expect(await use(tools.read, { path: 'a.txt' }, { runId: 'run_2' })).toEqual({ output: 'mine' });
});

test.each(['../ann', '..', '.', '/', 'a/b', '', 'ann\0', '../../outside'])(
  'the session id %j leads nowhere',
  async (id) => {
    await use(tools.write, { path: 'secret.txt', content: 'mine' }, { sessionId: id, owner: id });
    expect(await secret()).toBe('the secret');
    expect((await use(tools.read, { path: 'secret.txt' }, { sessionId: id, owner: id })).output).toBe('mine');
    expect(
      execFileSync('find', [join(lab.root, '..'), '-name', 'secret.txt'])
        .toString()
        .trim()
        .split('\n'),
    ).toHaveLength(2);
  },
);
