import type { RunSnapshot } from '#libs/contract';
import { migrate, postgresDatabase, sqlJobStore, upsertRuns, type SqlDatabase } from '#libs/store';
import { storeClient } from '#libs/store-client';
import { T0 } from '../support/job.js';
import { migratedPglite } from '../support/pglite.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { runSnapshot } from '../support/run-snapshot.js';
import { serveStore, type TestStoreService } from '../support/store-service.js';
import { jobStoreSuite, type JobStoreLab } from './job-store.suite.js';

async function labOn(db: SqlDatabase): Promise<JobStoreLab> {
  await migrate(db);
  let now = 0;
  return {
    jobs: sqlJobStore(db, () => now),
    setNow: (ms) => (now = ms),
    async endRun(runId, { status = 'completed', text = 'Done.' } = {}) {
      const items: RunSnapshot['items'] = [{ type: 'text', step: 1, status: 'completed', text }];
      await upsertRuns(db, [runSnapshot({ runId, status, items, endedAt: T0 })]);
    },
  };
}

describe('PGlite', () => {
  let db: SqlDatabase;
  beforeAll(async () => {
    db = await migratedPglite();
  });
  afterAll(() => db?.close());
  jobStoreSuite('PGlite', () => labOn(db));
});

describe('Postgres', () => {
  let server: TestPostgres;
  let db: SqlDatabase;
  beforeAll(async () => {
    server = await startPostgres();
    db = postgresDatabase({ url: await server.createDatabase() });
  });
  afterAll(async () => {
    await db?.close();
    await server?.stop();
  });
  jobStoreSuite('Postgres', () => labOn(db));

  describe('the store service over HTTP', () => {
    let service: TestStoreService;
    let other: SqlDatabase;

    jobStoreSuite('the store service', async () => {
      other = postgresDatabase({ url: await server.createDatabase() });
      const lab = await labOn(other);
      service = await serveStore({ jobs: lab.jobs }, 'secret');
      return { ...lab, jobs: storeClient({ url: service.url, token: 'secret' }).jobs };
    });

    afterAll(async () => {
      await service?.close();
      await other?.close();
    });
  });
});
