import { migrate, pgliteDatabase, type SqlDatabase } from '#libs/store';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Puts an empty embedded database at `dir`, for a service or `pgliteDatabase` to open. It is a copy of the one that
 * mark-run.mjs made for this run of the tests: to make one costs eight seconds of a processor, a copy a tenth of that. Outside
 * Jest there is none, and whoever opens the folder makes a new database, as in production.
 */
export async function putEmptyDatabase(dir: string): Promise<void> {
  const template = process.env['TALARIA_TEST_DATABASE'] ?? '';
  if (template !== '') await cp(template, dir, { recursive: true });
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
