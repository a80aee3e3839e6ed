import { LIMITS } from '#libs/contract';
import {
  connectRedis,
  memoryIdempotency,
  memoryLiveHub,
  memoryRunLog,
  redisIdempotency,
  redisLiveHub,
  redisRunLog,
  type RedisConnection,
} from '#libs/bus';
import { startRedis, type TestRedis } from '../support/redis.js';
import { runControlSuite } from './run-control.suite.js';
import { runLogSuite, type RunLogUnderTest } from './run-log.suite.js';

const memoryKeys = memoryIdempotency();
const memory = memoryRunLog(memoryKeys);
runLogSuite('memory', () => ({
  log: memory,
  keys: memoryKeys,
  ownHub: memoryLiveHub(memory, 'own'),
  foreignHub: memoryLiveHub(memory, 'foreign'),
}));
runControlSuite('memory', () => memory);

describe('on Redis', () => {
  let server: TestRedis;
  let connection: RedisConnection;
  let redis: RunLogUnderTest;

  beforeAll(async () => {
    server = await startRedis();
    const connect = (role: 'worker' | 'subscriber') => connectRedis({ url: server.url, prefix: 't', role });
    connection = connect('worker');
    redis = {
      log: redisRunLog(connection),
      keys: redisIdempotency(connection),
      ownHub: redisLiveHub(connect('subscriber'), 'own'),
      foreignHub: redisLiveHub(connect('subscriber'), 'foreign'),
    };
    await connection.ping();
  });
  afterAll(async () => {
    await redis.ownHub.close();
    await redis.foreignHub.close();
    connection.close();
    await server.stop();
  });

  runLogSuite('redis', () => redis);
  runControlSuite('redis', () => redis.log);

  test('all keys of a run carry its hash tag, and confirmed logs expire', async () => {
    const { runSpec } = await import('../support/run-spec.js');
    const spec = runSpec();
    await redis.log.open(spec);
    const keys = await connection.redis.keys(`*${spec.runId}*`);
    expect(keys.sort()).toEqual([`t:{${spec.runId}}:log`, `t:{${spec.runId}}:meta`]);
    await redis.log.confirmPersisted([spec.runId]);
    for (const key of keys) {
      const ttl = await connection.redis.ttl(key);
      expect(ttl).toBeGreaterThan(3_000);
      expect(ttl).toBeLessThanOrEqual(3_600);
    }
  });

  test('a log of vectors goes soon, with its order', async () => {
    const { runSpec } = await import('../support/run-spec.js');
    const spec = runSpec({ retain: false, embed: { input: ['x'.repeat(LIMITS.keptOrderBytesMax)] } });
    await redis.log.open(spec);
    await redis.log.confirmPersisted([spec.runId]);
    const { redis: client, keys } = connection;
    for (const name of [keys.log, keys.meta]) {
      const ttl = await client.ttl(name(spec.runId));
      expect(ttl).toBeGreaterThan(0);
      expect(ttl).toBeLessThanOrEqual(LIMITS.runLogTtlSecondsMin);
    }
    expect(await client.hexists(keys.meta(spec.runId), 'spec')).toBe(0);
  });

  test('short of memory, logs live shorter, but not those that have the only copy of their content', async () => {
    const { runSpec } = await import('../support/run-spec.js');
    const [kept, stored] = [runSpec({ retain: false }), runSpec()];
    for (const spec of [kept, stored]) await redis.log.open(spec);
    const { redis: client, keys } = connection;
    const used = Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]);
    await client.config('SET', 'maxmemory', String(Math.round(used * 1.1)));
    try {
      await redis.log.confirmPersisted([kept.runId, stored.runId]);
    } finally {
      await client.config('SET', 'maxmemory', '0');
    }
    for (const name of [keys.log, keys.meta]) {
      expect(await client.ttl(name(kept.runId))).toBeGreaterThan(3_000);
      expect(await client.ttl(name(stored.runId))).toBeLessThanOrEqual(120);
    }
  });

  test('the mark of a key that was used lives as long as the key', async () => {
    const { runSpec } = await import('../support/run-spec.js');
    const spec = runSpec();
    await redis.keys.reserve('marked', 'f', spec.runId);
    const names = await connection.redis.keys('t:idempotency:*');
    expect(names.length).toBeGreaterThan(0);
    for (const key of names) await connection.redis.expire(key, 1_000);
    await redis.log.open(spec, { reservedIn: 'marked' });
    for (const key of names) {
      const ttl = await connection.redis.ttl(key);
      expect(ttl).toBeGreaterThan(900);
      expect(ttl).toBeLessThanOrEqual(1_000);
    }
  });

  test('the account of orders is empty when every run is stored, and forgets logs that expired', async () => {
    const { runSpec } = await import('../support/run-spec.js');
    const { redis: client, keys } = connection;
    await client.flushall();
    const messages = [{ role: 'user' as const, content: 'x'.repeat(50_000) }];
    const [kept, stored, gone] = [runSpec({ messages, retain: false }), runSpec({ messages }), runSpec({ messages })];
    for (const spec of [kept, stored, gone]) expect(await redis.log.open(spec)).toBe('opened');
    const used = async (runId: string): Promise<number> => (await client.memory('USAGE', keys.meta(runId))) ?? 0;
    expect(await used(stored.runId)).toBeGreaterThan(50_000);
    // Its worker, its API and its log are gone: the scheduler takes it out of the index.
    await client.del(keys.log(gone.runId), keys.meta(gone.runId));
    await redis.log.confirmPersisted([kept.runId, stored.runId, gone.runId]);
    expect(await used(stored.runId)).toBeLessThan(2_000);
    expect(await client.zcard(keys.runsOf('alice'))).toBe(0);
    expect(Object.keys(await client.hgetall(keys.orders))).toEqual([kept.runId]);
    // Its hour is over.
    await client.zadd(keys.ordersEnding, 1, kept.runId);
    const next = runSpec({ owner: 'bob' });
    await redis.log.open(next);
    expect(Object.keys(await client.hgetall(keys.orders))).toEqual([next.runId]);
    expect(Object.keys(await client.hgetall(keys.ordersHeld))).toEqual(['bob']);
    for (const key of [keys.orders, keys.ordersHeld]) expect(await client.ttl(key)).toBeGreaterThan(0);
    await redis.log.confirmPersisted([next.runId]);
    expect(await client.exists(keys.orders, keys.ordersHeld, keys.ordersEnding)).toBe(0);
  });

  test('scripts are taught again to a server that forgot them', async () => {
    const { runSpec } = await import('../support/run-spec.js');
    await connection.redis.script('FLUSH');
    expect(await redis.log.open(runSpec())).toBe('opened');
  });
});
