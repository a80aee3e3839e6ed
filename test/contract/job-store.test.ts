import type { RunSnapshot } from '#libs/contract';
import { migrate, postgresDatabase, sqlJobStore, upsertRuns, type SqlDatabase } from '#libs/store';
import { httpJobStore } from '#libs/store-client';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { JOB_STORE, JobsController } from '../../apps/store/src/http/jobs.controller.js';
import { TOKEN } from '../../apps/store/src/http/token.guard.js';
import { T0 } from '../support/job.js';
import { migratedPglite } from '../support/pglite.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { runSnapshot } from '../support/run-snapshot.js';
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
    let app: NestFastifyApplication;
    let other: SqlDatabase;
    let url: string;

    jobStoreSuite('the store service', async () => {
      other = postgresDatabase({ url: await server.createDatabase() });
      const lab = await labOn(other);
      class StoreOfJobs {}
      const module = {
        module: StoreOfJobs,
        controllers: [JobsController],
        providers: [
          { provide: JOB_STORE, useValue: lab.jobs },
          { provide: TOKEN, useValue: 'secret' },
        ],
      };
      app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), { logger: false });
      await app.listen({ host: '127.0.0.1', port: 0 });
      url = await app.getUrl();
      return { ...lab, jobs: httpJobStore({ url, token: 'secret' }) };
    });

    test('asks for its token, knows its calls, and looks at their arguments', async () => {
      const post = (method: string, body: unknown, token = 'secret'): Promise<Response> =>
        fetch(`${url}/internal/jobs/${method}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
      expect((await post('due', { limit: 1 }, 'wrong')).status).toBe(401);
      expect((await post('constructor', {})).status).toBe(404);
      for (const [method, body] of [
        ['due', {}],
        ['claim', { claims: [{}] }],
        ['claim', { claims: {} }],
        ['change', { changes: [{ run: { runId: 'run_1' } }] }],
        ['insert', []],
      ] as const) {
        expect([method, (await post(method, body)).status]).toEqual([method, 400]);
      }
    });

    afterAll(async () => {
      await app?.close();
      await other?.close();
    });
  });
});
