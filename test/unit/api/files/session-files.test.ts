import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Refusal, Workspaces } from '#libs/tools';
import { SessionFiles } from '../../../../apps/api/src/files/session-files.js';

/** The files of sessions in a process that lacks the folder of the workers, or may not write into it. */
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'talaria-session-files-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const ref = { owner: 'alice', sessionId: 's' };
const filesIn = (workspaces: Workspaces): SessionFiles =>
  new SessionFiles({ workspaces, assertSession: async () => undefined });
const unavailable = { code: 'unavailable', retryAfterSeconds: 60 };

test('without the folder every operation says so, and none says that there is nothing', async () => {
  await writeFile(join(dir, 'file'), '');
  const files = filesIn(new Workspaces(join(dir, 'file', 'workspaces')));
  const message = expect.stringContaining('WORKSPACE_DIR') as string;
  const refused = { ...unavailable, message };
  await expect(files.list(ref, { limit: 10 })).rejects.toMatchObject(refused);
  await expect(files.read(ref, 'a')).rejects.toMatchObject(refused);
  await expect(files.write(ref, { path: 'a', content: '' })).rejects.toMatchObject(refused);
  await expect(files.remove(ref, 'a')).rejects.toMatchObject(refused);
});

test('a folder that does not exist yet is made, and is empty', async () => {
  const root = join(dir, 'deep', 'workspaces');
  const files = filesIn(new Workspaces(root));
  expect(await files.list(ref, { limit: 10 })).toMatchObject({ data: [], has_more: false });
  expect(existsSync(root)).toBe(true);
});

test.each(['EROFS', 'ENOSPC', 'EDQUOT'])('a disk that refuses with %s is the trouble of the operator', async (code) => {
  const workspaces = new Workspaces(dir);
  const { of } = workspaces;
  workspaces.of = (...args) => {
    const workspace = of.apply(workspaces, args);
    workspace.write = async () => {
      throw new Refusal("The path 'a' cannot be written.", { cause: Object.assign(new Error(code), { code }) });
    };
    return workspace;
  };
  await expect(filesIn(workspaces).write(ref, { path: 'a', content: '' })).rejects.toMatchObject(unavailable);
});

test('reading makes no workspace, and renews the age of none', async () => {
  const workspaces = new Workspaces(dir);
  const files = filesIn(workspaces);
  expect(await files.list(ref, { limit: 10 })).toMatchObject({ data: [], has_more: false });
  await expect(files.read(ref, 'a')).rejects.toMatchObject({ code: 'not_found' });
  expect(await readdir(dir)).toEqual([]);
  await files.write(ref, { path: 'a', content: 'text' });
  const folder = await workspaces.pathOf({ ...ref, runId: '' });
  const old = new Date('2026-01-02T00:00:00Z');
  await utimes(folder, old, old);
  expect((await files.list(ref, { limit: 10 })).data).toHaveLength(1);
  expect(await files.read(ref, 'a')).toMatchObject({ content: 'text' });
  expect((await stat(folder)).mtime).toEqual(old);
  await files.write(ref, { path: 'a', content: 'new' });
  expect((await stat(folder)).mtime.getTime()).toBeGreaterThan(old.getTime());
});
