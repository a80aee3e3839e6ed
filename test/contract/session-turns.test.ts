import { connectRedis, memorySessionTurns, redisSessionTurns, type RedisConnection } from '#libs/bus';
import type { SessionTurns } from '#libs/contract';
import { startRedis, type TestRedis } from '../support/redis.js';
import { OPENING_MS, sessionTurnsSuite } from './session-turns.suite.js';

const memory = memorySessionTurns(OPENING_MS);
sessionTurnsSuite('memory', () => memory);

describe('on Redis', () => {
  let server: TestRedis;
  let connection: RedisConnection;
  let redis: SessionTurns;

  beforeAll(async () => {
    server = await startRedis();
    connection = connectRedis({ url: server.url, prefix: 't', role: 'worker' });
    redis = redisSessionTurns(connection, OPENING_MS);
    await connection.ping();
  });
  afterAll(async () => {
    connection.close();
    await server.stop();
  });

  sessionTurnsSuite('redis', () => redis);

  test('the record of an idle session expires after a day, that of a busy one outlives its runs', async () => {
    const session = { owner: 'alice', sessionId: 'to expire' };
    const { redis: client } = connection;
    await client.flushall();
    for (const runId of ['run_1', 'run_2']) {
      await redis.enter({ session, runId, whenBusy: 'wait', waitingMax: 1, last: null });
      await redis.ready(session, runId);
    }
    const keys = (await client.keys('t:{*')).sort();
    expect(keys.map((key) => key.replace(/[0-9a-f]{64}/, 'hash'))).toEqual(['t:{hash}:line', 't:{hash}:turns']);
    for (const key of keys) expect(await client.ttl(key)).toBeGreaterThan(600_000);
    await redis.leave(session, 'run_1');
    await redis.leave(session, 'run_2');
    const [record = ''] = await client.keys('t:{*');
    expect(await client.ttl(record)).toBeGreaterThan(86_000);
    expect(await client.ttl(record)).toBeLessThanOrEqual(86_400);
  });
});
