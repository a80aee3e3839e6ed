import { migrate, pgliteDatabase, type SqlDatabase } from '#libs/store';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from './project-root.js';
import { until } from './until.js';

/**
 * Puts an empty embedded database at `dir`, for a service or `pgliteDatabase` to open. It is a copy of one that all
 * tests of a run share: to make one costs eight seconds of a processor, a copy a tenth of that. Outside Jest nothing is
 * put there, and whoever opens the folder makes a new database, as in production.
 */
export async function putEmptyDatabase(dir: string): Promise<void> {
  const shared = process.env['TALARIA_TEST_SHARED'] ?? '';
  if (shared === '') return;
  const template = join(shared, 'database');
  if (!existsSync(template)) await makeOnce(template);
  await cp(template, dir, { recursive: true });
}

const MAKE =
  "const { PGlite } = await import('@electric-sql/pglite'); await (await PGlite.create(process.argv[1])).close();";

/**
 * Whoever comes first makes it, in a process of its own: the memory that it takes is not given back. The others wait.
 */
async function makeOnce(template: string): Promise<void> {
  const isFirst = await mkdir(`${template}.lock`).then(
    () => true,
    () => false,
  );
  if (!isFirst) {
    await until(() => existsSync(template), { ms: 30_000, what: 'the empty database that another suite makes' });
    return;
  }
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', MAKE, `${template}.new`], {
    cwd: projectRoot(),
  });
  await rename(`${template}.new`, template);
}

/** An empty embedded database at `dir`, open. */
export async function emptyPglite(dir: string): Promise<SqlDatabase> {
  await putEmptyDatabase(dir);
  return pgliteDatabase({ dir });
}

/** An embedded database with all tables in a temporary folder, which `close` removes. */
export async function migratedPglite(): Promise<SqlDatabase> {
  const dir = await mkdtemp(join(tmpdir(), 'talaria-database-'));
  const db = await emptyPglite(join(dir, 'db'));
  await migrate(db);
  return {
    ...db,
    async close() {
      await db.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
