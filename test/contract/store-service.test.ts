import { bullPersistQueue, connectRedis, redisRunLog, type RedisConnection } from '#libs/bus';
import { loadConfig } from '#libs/config';
import { foldAll, type RunLog } from '#libs/contract';
import { Closers, createLogger, Drain } from '#libs/platform';
import { storeClient } from '#libs/store-client';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { StoreModule } from '../../apps/store/src/store.module.js';
import { startPostgres, type TestPostgres } from '../support/postgres.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { runSpec } from '../support/run-spec.js';
import { withSlack } from '../support/slack.js';
import { until } from '../support/until.js';

/** Fault D1 and D2 of reliability.md, on one store process with the real Redis and Postgres. */
describe('the store service', () => {
  let redis: TestRedis;
  let postgres: TestPostgres;
  let connection: RedisConnection;
  let log: RunLog;
  let databaseUrl: string;

  beforeAll(async () => {
    [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
    databaseUrl = await postgres.createDatabase();
    connection = connectRedis({ url: redis.url, prefix: 'test', role: 'worker' });
    log = redisRunLog(connection);
  });
  afterAll(async () => {
    connection?.close();
    await postgres?.stop();
    await redis?.stop();
  });

  async function startStore() {
    const config = loadConfig({ REDIS_URL: redis.url, REDIS_PREFIX: 'test', DATABASE_URL: databaseUrl });
    const closers = new Closers();
    const drain = new Drain();
    const logger = createLogger({ service: 'store', level: 'silent', pretty: false });
    const { module, running } = StoreModule.start({ config, logger, closers, drain, version: 'test' });
    const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), { logger: false });
    await app.listen({ host: '127.0.0.1', port: 0 });
    const url = await app.getUrl();
    return {
      running,
      status: async (path: string) => (await fetch(`${url}${path}`)).status,
      runs: storeClient({ url, answerMsMax: withSlack(5_000) }).runs,
      async stop() {
        await drain.begin(10);
        await app.close();
        expect(await closers.closeAll()).toEqual([]);
      },
    };
  }

  async function finishRuns(count: number): Promise<string[]> {
    const persist = bullPersistQueue(connection);
    const runIds: string[] = [];
    for (let i = 0; i < count; i++) {
      const spec = runSpec();
      await log.open(spec);
      await log.end(spec.runId, { type: 'run.completed', finishReason: 'stop' });
      runIds.push(spec.runId);
    }
    await persist.enqueue(runIds);
    await persist.close();
    return runIds;
  }
  const allConfirmed = async (): Promise<boolean> => (await log.unconfirmed(Number.MAX_SAFE_INTEGER, 1)).length === 0;

  test('it starts while Postgres is away, says so, and stores what waited once Postgres is there', async () => {
    await postgres.halt();
    const runIds = await finishRuns(150);
    const store = await startStore();
    try {
      expect(await store.status('/health/live')).toBe(200);
      expect(await store.status('/health/ready')).toBe(503);
      await expect(store.runs.run(runIds[0] ?? '')).rejects.toMatchObject({ code: 'unavailable' });
      await postgres.start();
      await store.running;
      await until(allConfirmed, { what: 'all runs confirmed' });
      expect(await store.status('/health/ready')).toBe(200);
      for (const runId of runIds) expect(await store.runs.run(runId)).toEqual(foldAll(await log.read(runId, 0)));
    } finally {
      await store.stop();
    }
  });

  test('runs that end while Postgres is away are stored after it has come back', async () => {
    const store = await startStore();
    try {
      await store.running;
      await postgres.halt();
      const runIds = await finishRuns(150);
      await until(async () => (await store.status('/health/ready')) === 503);
      expect(await allConfirmed()).toBe(false);
      await postgres.start();
      await until(allConfirmed, { what: 'all runs confirmed' });
      expect((await store.runs.run(runIds[149] ?? ''))?.status).toBe('completed');
    } finally {
      await store.stop();
    }
  });

  test('two stores share the work, and stopping one loses nothing', async () => {
    const stores = await Promise.all([startStore(), startStore()]);
    await Promise.all(stores.map((store) => store.running));
    const runIds = await finishRuns(500);
    await stores[0].stop();
    try {
      await until(allConfirmed, { what: 'all runs confirmed' });
      const rows = await Promise.all(runIds.map((runId) => stores[1].runs.run(runId)));
      expect(new Set(rows.map((run) => run?.status))).toEqual(new Set(['completed']));
    } finally {
      await stores[1].stop();
    }
  });
});
