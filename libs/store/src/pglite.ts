import { access, chmod, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { lockFolder } from './folder-lock.js';
import type { SqlDatabase, SqlQueries } from './ports.js';

/** The part of PGlite, and of its transactions, that we use. */
interface Engine {
  query<T>(sql: string, params?: unknown[]): Promise<{ rows: T[] }>;
}

const PRIVATE_FOLDER = 0o700;

/**
 * Rows in a folder, in this process: Postgres compiled to WebAssembly. For one store process; a second one on the same
 * folder gets FolderLockedError. The folder is private (0700), whoever created the folder above it. Statements run one
 * at a time and have no time limit, because nothing else holds locks.
 */
export async function pgliteDatabase({ dir }: { dir: string }): Promise<SqlDatabase> {
  await mkdir(dirname(dir), { recursive: true, mode: PRIVATE_FOLDER });
  const lock = await lockFolder(dir);
  try {
    const engine = await openEngine(dir);
    await chmod(dir, PRIVATE_FOLDER);
    return {
      ...queriesOf(engine),
      transaction: (work) => engine.transaction((tx) => work(queriesOf(tx))),
      close: async () => {
        await engine.close();
        await lock.release();
      },
    };
  } catch (cause) {
    await lock.release();
    throw cause;
  }
}

const queriesOf = (engine: Engine): SqlQueries => ({
  query: async <T>(sql: string, params: readonly unknown[] = []) => (await engine.query<T>(sql, [...params])).rows,
});

async function openEngine(dir: string) {
  // Loaded only where it is used, because the module alone would cost a Postgres deployment memory.
  const { PGlite } = await import('@electric-sql/pglite');
  if (!(await exists(join(dir, 'PG_VERSION')))) {
    // Created elsewhere and moved in as a whole, so that a killed process does not leave half a database.
    const aside = `${dir}.new`;
    await rm(aside, { recursive: true, force: true });
    await mkdir(aside, { mode: PRIVATE_FOLDER });
    const made = await PGlite.create(aside);
    await made.close();
    await rename(aside, dir);
  }
  return PGlite.create(dir);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
