import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

async function sources(...folders: string[]): Promise<string[]> {
  const lists = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    }),
  );
  return lists.flat().filter((file) => file.endsWith('.ts'));
}

test('the arrows of the layout hold: one direction, no cycles, front doors only, pure libs do no I/O', async () => {
  const { stdout } = await run('npx', ['depcruise', 'libs', 'apps', '--config', '.dependency-cruiser.cjs'], {
    cwd: root,
  });
  expect(stdout).toContain('no dependency violations found');
});

test('Redis names are spelled in one file', async () => {
  const spelled: string[] = [];
  for (const file of await sources('libs', 'apps')) {
    if (file.endsWith('libs/bus/src/keys.ts')) continue;
    const text = await readFile(file, 'utf8');
    if (/['"`](bull|talaria):|:(log|meta|idempotency|control)['"`]/.test(text)) spelled.push(file);
  }
  expect(spelled).toEqual([]);
});

test('only main.ts and libs/config read the environment', async () => {
  const readers: string[] = [];
  for (const file of await sources('libs', 'apps')) {
    const allowed = file.endsWith('/main.ts') || file.includes('/libs/config/');
    if (!allowed && /process\.env\b/.test(await readFile(file, 'utf8'))) readers.push(file);
  }
  expect(readers).toEqual([]);
});

test('every limit has a reader', async () => {
  const limits = await readFile(join(root, 'libs/contract/src/limits.ts'), 'utf8');
  const names = [...limits.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name ?? '');
  const texts = await Promise.all((await sources('libs', 'apps')).map((file) => readFile(file, 'utf8')));
  const all = texts.join('\n');
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !all.includes(`LIMITS.${name}`))).toEqual([]);
});
