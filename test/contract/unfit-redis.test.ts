import { connectRedis, startPersistWorker, startRunWorker, type RedisConnection } from '#libs/bus';
import { redisRefusals } from '#libs/contract';
import { startApi } from '../support/api-app.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { until } from '../support/until.js';

/** R9: services that were not started by the launcher look at their Redis themselves. */
let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis(['--maxmemory-policy', 'allkeys-lru']);
});
afterAll(() => redis?.stop());

async function readyOf(url: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${url}/health/ready`);
  return { status: answer.status, text: await answer.text() };
}

async function untilPinged(connection: RedisConnection): Promise<unknown> {
  await until(() => connection.redis.status === 'ready');
  return connection.ping().then(
    () => undefined,
    (cause: unknown) => cause,
  );
}

test.each(['api', 'worker'] as const)(
  'an evicting Redis is refused by the role %s until it is mended',
  async (role) => {
    const told: string[] = [];
    const connection = connectRedis({ url: redis.url, prefix: 'test', role, onUnfit: (why) => void told.push(why) });
    const refusal = { code: 'queue_unavailable', message: expect.stringContaining('maxmemory-policy allkeys-lru') };
    expect(await untilPinged(connection)).toMatchObject(refusal);
    expect(await untilPinged(connection)).toMatchObject(refusal);
    expect(told).toHaveLength(1);
    await connection.redis.config('SET', 'maxmemory-policy', 'noeviction');
    expect(await untilPinged(connection)).toBeUndefined();
    await connection.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    connection.redis.disconnect(true);
    await until(() => told.length === 2, { what: 'a look after the next connect' });
    connection.close();
  },
);

test('a service says at its readiness why', async () => {
  const api = await startApi({ REDIS_URL: redis.url });
  await until(async () => (await readyOf(api.url)).text.includes('maxmemory-policy allkeys-lru'));
  expect((await readyOf(api.url)).status).toBe(503);
  expect((await fetch(`${api.url}/health/live`)).status).toBe(200);
  await api.close();
});

test('a cluster is refused', async () => {
  const cluster = await startRedis(['--cluster-enabled', 'yes']);
  const told: string[] = [];
  const connection = connectRedis({
    url: cluster.url,
    prefix: 'test',
    role: 'worker',
    onUnfit: (why) => void told.push(why),
  });
  await until(() => told.length > 0);
  expect(told[0]).toContain('is a cluster');
  connection.close();
  await cluster.stop();
});

test.each([
  ['a cluster', ['--cluster-enabled', 'yes'], 'is a cluster'],
  ['a replica', ['--replicaof', '127.0.0.1', '1'], 'is a replica'],
])('%s: readiness names the reason, and nothing is fetched', async (_what, flags, reason) => {
  const server = await startRedis(flags);
  const connection = connectRedis({ url: server.url, prefix: 'test', role: 'worker' });
  const errors: Error[] = [];
  const settings = { connection, concurrency: 1, onFailed: () => undefined, handle: async () => 'done' as const };
  const worker = startRunWorker({ ...settings, onError: (cause) => void errors.push(cause) });
  const persist = startPersistWorker({ connection, concurrency: 1, handle: async () => undefined });
  const refusal = { code: 'queue_unavailable', message: expect.stringContaining(reason) };
  await until(async () => {
    const cause = await untilPinged(connection);
    return cause instanceof Error && cause.message.includes(reason);
  });
  expect(await untilPinged(connection)).toMatchObject(refusal);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  // Fetching without a pause, it would have failed hundreds of times by now.
  expect(errors.length).toBeLessThan(5);
  await Promise.all([worker.drain(0), persist.close()]);
  connection.close();
  await server.stop();
});

test('an old version is refused, also of a service', () => {
  expect(redisRefusals({ version: '6.2.14' })).toEqual([expect.stringContaining('too old')]);
  expect(redisRefusals({ version: '7.0.0', evictionPolicy: 'noeviction', isCluster: false })).toEqual([]);
});

test('a server without a limit of memory is used, and told of once', async () => {
  const open = await startRedis();
  const [told, refused]: [string[], string[]] = [[], []];
  const connection = connectRedis({
    url: open.url,
    prefix: 'test',
    role: 'worker',
    onUnfit: (why) => void refused.push(why),
    onRisk: (risk) => void told.push(risk),
  });
  expect(await untilPinged(connection)).toBeUndefined();
  connection.redis.disconnect(true);
  expect(await untilPinged(connection)).toBeUndefined();
  expect([told, refused]).toEqual([[expect.stringContaining('no maxmemory')], []]);
  connection.close();
  await open.stop();
});
