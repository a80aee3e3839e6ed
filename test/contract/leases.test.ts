import { connectRedis, memoryLeases, redisLeases, type RedisConnection } from '#libs/bus';
import type { Leases } from '#libs/contract';
import { startRedis, type TestRedis } from '../support/redis.js';
import { until } from '../support/until.js';

let server: TestRedis;
let connection: RedisConnection;

beforeAll(async () => {
  server = await startRedis();
  connection = connectRedis({ url: server.url, prefix: 't', role: 'worker' });
});
afterAll(async () => {
  connection.close();
  await server.stop();
});

const LONG = 600_000;
const leases: [string, () => Leases][] = [
  ['memory', memoryLeases],
  ['redis', () => redisLeases(connection)],
];
describe.each(leases)('leases: %s', (_name, create) => {
  test('as many as may hold a lease get it, and one that is given back is free at once', async () => {
    const held = create();
    const terms = { holdersMax: 2, ttlMs: LONG };
    expect(await held.take('places', 'a', terms)).toBe(true);
    expect(await held.take('places', 'b', terms)).toBe(true);
    expect(await held.take('places', 'c', terms)).toBe(false);
    expect(await held.take('other places', 'c', terms)).toBe(true);
    expect(await held.count(['places', 'other places', 'nothing'])).toEqual([2, 1, 0]);
    await held.release('places', 'a');
    await held.release('places', 'a');
    expect(await held.take('places', 'c', terms)).toBe(true);
    expect(await held.count(['places'])).toEqual([2]);
  });

  test('who holds a lease may take it again, also when all are held', async () => {
    const held = create();
    const lock = { holdersMax: 1, ttlMs: LONG };
    expect(await held.take('lock', 'a', lock)).toBe(true);
    expect(await held.take('lock', 'a', lock)).toBe(true);
    expect(await held.count(['lock'])).toEqual([1]);
    expect(await held.take('lock', 'b', lock)).toBe(false);
  });

  test('of many who ask at once no more get it than may', async () => {
    const held = create();
    const all = Array.from({ length: 50 }, (_, i) => held.take('rush', `h${i}`, { holdersMax: 7, ttlMs: LONG }));
    expect((await Promise.all(all)).filter(Boolean)).toHaveLength(7);
  });

  test('a lease that is not renewed ends, and a late renewal does not bring it back', async () => {
    const held = create();
    expect(await held.take('short', 'a', { holdersMax: 1, ttlMs: 1 })).toBe(true);
    await until(async () => (await held.count(['short']))[0] === 0);
    expect(await held.renew('short', 'a', LONG)).toBe(false);
    expect(await held.take('short', 'b', { holdersMax: 1, ttlMs: LONG })).toBe(true);
    expect(await held.renew('short', 'a', LONG)).toBe(false);
    expect(await held.count(['short'])).toEqual([1]);
  });

  test('a renewal counts from now, also for less time than was left', async () => {
    const held = create();
    await held.take('kept', 'a', { holdersMax: 2, ttlMs: LONG });
    await held.take('kept', 'b', { holdersMax: 2, ttlMs: LONG });
    expect(await held.renew('kept', 'a', 1)).toBe(true);
    await until(async () => (await held.count(['kept']))[0] === 1);
    expect(await held.renew('kept', 'b', LONG)).toBe(true);
  });
});

test('nothing is left in Redis of leases that are over', async () => {
  const held = redisLeases(connection);
  await held.take('gone', 'a', { holdersMax: 1, ttlMs: 1 });
  await until(
    async () =>
      (await connection.redis.keys('t:lease:*')).every((key) => key.length > 0) &&
      (await held.count(['gone']))[0] === 0,
  );
  await held.take('back', 'a', { holdersMax: 1, ttlMs: LONG });
  await held.release('back', 'a');
  const names = await connection.redis.keys('t:lease:*');
  const sizes = await Promise.all(names.map((name) => connection.redis.pttl(name)));
  expect(sizes.every((ms) => ms > 0)).toBe(true);
});
