import { postgresDatabase, type SqlDatabase } from '#libs/store';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyPglite } from './pglite.js';
import { startPostgres, type TestPostgres } from './postgres.js';

/** Runs a suite on PGlite and on a real Postgres; `fresh` opens an empty database, which the suite closes. */
export function onBothDatabases(suite: (name: string, fresh: () => Promise<SqlDatabase>) => void): void {
  describe('PGlite', () => {
    let dir: string;
    let databases = 0;
    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'talaria-databases-'));
    });
    afterAll(() => rm(dir, { recursive: true, force: true }));
    suite('PGlite', () => emptyPglite(join(dir, String(++databases))));
  });

  describe('Postgres', () => {
    let server: TestPostgres;
    beforeAll(async () => {
      server = await startPostgres();
    });
    afterAll(() => server?.stop());
    suite('Postgres', async () => postgresDatabase({ url: await server.createDatabase() }));
  });
}
