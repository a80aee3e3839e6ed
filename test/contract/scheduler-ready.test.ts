import { loadConfig } from '#libs/config';
import { Closers, createLogger, Drain } from '#libs/platform';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { SchedulerModule } from '../../apps/scheduler/src/scheduler.module.js';
import { startHttpServer, type TestHttpServer } from '../support/http-server.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { until } from '../support/until.js';

/** A scheduler with a real Redis, and a store that answers as a test wants it to. */
const TOKEN = 'store-0123456789abcdef';
let redis: TestRedis;
let store: TestHttpServer;
let isAway: boolean;

beforeAll(async () => {
  redis = await startRedis();
  store = await startHttpServer((request, response) => {
    if (isAway) return void request.socket.destroy();
    const isKnown = request.headers.authorization === `Bearer ${TOKEN}`;
    const result = request.url?.endsWith('/due') ? { now: Date.now(), jobs: [] } : { now: Date.now(), work: [] };
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isKnown ? { result } : {}));
  });
});
beforeEach(() => (isAway = false));
afterAll(async () => {
  await store?.close();
  await redis?.stop();
});

async function withScheduler(token: string, work: (status: (path: string) => Promise<string>) => Promise<void>) {
  const env = { REDIS_URL: redis.url, STORE_URL: `http://127.0.0.1:${store.port}`, STORE_TOKEN: token };
  const [closers, drain] = [new Closers(), new Drain()];
  const logger = createLogger({ service: 'scheduler', level: 'silent', pretty: false });
  const module = SchedulerModule.start({ config: loadConfig(env), logger, closers, drain, version: 'test' });
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), { logger: false });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const url = await app.getUrl();
  try {
    await work(async (path) => {
      const answer = await fetch(`${url}/health/${path}`);
      const { error } = (await answer.json()) as { error?: Record<string, { status: string }> };
      const down = Object.entries(error ?? {}).flatMap(([name, { status }]) => (status === 'down' ? [name] : []));
      return [answer.status, ...down].join(' ');
    });
  } finally {
    await drain.begin(10);
    await app.close();
    await closers.closeAll();
  }
}

test('a scheduler is not ready while its store is away, lives on, and is ready again by itself', async () => {
  await withScheduler(TOKEN, async (status) => {
    await until(async () => (await status('ready')) === '200');
    isAway = true;
    expect(await status('ready')).toBe('503 store');
    expect(await status('live')).toBe('200');
    isAway = false;
    expect(await status('ready')).toBe('200');
  });
});

test('nor with a token that the store does not take', async () => {
  await withScheduler('another-token-1234567', async (status) => {
    await until(async () => (await status('ready')) === '503 store');
    expect(await status('live')).toBe('200');
  });
});
