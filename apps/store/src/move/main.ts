import { loadConfig, readTextFile } from '#libs/config';
import { runMain } from '#libs/platform';
import { FolderLockedError, moveDatabase, MoveRefusedError, pgliteDatabase, postgresDatabase } from '#libs/store';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** `npm run move-database`: the rows of the embedded database, into the Postgres that DATABASE_URL names. */
await runMain(async () => {
  const { store } = loadConfig(process.env, readTextFile, 'store');
  const dir = resolve(store.dataDir, 'pglite');
  const url = store.databaseUrl;
  if (url === undefined) return refuse('DATABASE_URL: missing; expected the Postgres that takes the rows');
  if (!existsSync(dir)) return refuse(`There is no embedded database at ${dir}. TALARIA_DATA names another folder.`);
  try {
    await move(dir, url);
    process.stdout.write('All rows are there. Start Talaria with this DATABASE_URL; the folder is as it was.\n');
  } catch (cause) {
    if (cause instanceof FolderLockedError) return refuse(`${cause.message} Stop Talaria first.`);
    if (cause instanceof MoveRefusedError) return refuse(cause.message);
    throw cause;
  }
});

async function move(dir: string, url: string): Promise<void> {
  const from = await pgliteDatabase({ dir });
  try {
    const to = postgresDatabase({ url });
    try {
      await moveDatabase(from, to, ({ table, rows }) => process.stdout.write(`${table}: ${rows} rows\n`));
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

function refuse(why: string): void {
  process.stderr.write(`${why}\n`);
  process.exitCode = 1;
}
