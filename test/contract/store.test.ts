import { getRun, migrate, pgliteDatabase, postgresDatabase, sqlFault, upsertRuns } from '#libs/store';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyPglite } from '../support/pglite.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { runSnapshot } from '../support/run-snapshot.js';
import { sessionsSuite } from './sessions.suite.js';
import { storeSuite } from './store.suite.js';

describe('PGlite', () => {
  let dir: string;
  let databases = 0;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'talaria-pglite-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  storeSuite('PGlite', () => emptyPglite(join(dir, String(++databases))));
  sessionsSuite('PGlite', () => emptyPglite(join(dir, String(++databases))));

  test('rows are there when the folder is opened again', async () => {
    const run = runSnapshot();
    const folder = join(dir, 'again');
    const first = await emptyPglite(folder);
    await migrate(first);
    await upsertRuns(first, [run]);
    await first.close();
    const second = await pgliteDatabase({ dir: folder });
    try {
      expect(await migrate(second)).toEqual([]);
      expect(await getRun(second, run.runId)).toEqual(run);
    } finally {
      await second.close();
    }
  });
});

describe('Postgres', () => {
  let server: TestPostgres;

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.stop());

  storeSuite('Postgres', async () => postgresDatabase({ url: await server.createDatabase() }));
  sessionsSuite('Postgres', async () => postgresDatabase({ url: await server.createDatabase() }));

  test('a statement that takes too long is ended, and counts as the database being away', async () => {
    const db = postgresDatabase({ url: server.url });
    try {
      const fault = await db.query('select pg_sleep(20)').then(() => 'none', sqlFault);
      expect(fault).toBe('away');
      expect(await db.query('select 1 as n')).toEqual([{ n: 1 }]);
    } finally {
      await db.close();
    }
  });

  test('a restart of the server breaks calls, not the pool and not the process', async () => {
    const told: Error[] = [];
    const db = postgresDatabase({ url: await server.createDatabase(), onError: (cause) => told.push(cause) });
    try {
      await migrate(db);
      const run = runSnapshot();
      const cut = db
        .transaction(async (tx) => {
          await tx.query('select 1');
          await server.halt();
          await tx.query('select 1');
        })
        .then(() => 'none', sqlFault);
      expect(await cut).toBe('away');
      expect(await upsertRuns(db, [run]).then(() => 'none', sqlFault)).toBe('away');
      await server.start();
      await upsertRuns(db, [run]);
      expect(await getRun(db, run.runId)).toEqual(run);
      expect(told.length).toBeGreaterThan(0);
    } finally {
      await db.close();
    }
  });
});
