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

  test('scripts are taught again to a server that forgot them', async () => {
    const { runSpec } = await import('../support/run-spec.js');
    await connection.redis.script('FLUSH');
    expect(await redis.log.open(runSpec())).toBe('opened');
  });
});
