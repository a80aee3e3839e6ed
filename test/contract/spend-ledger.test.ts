import { connectRedis, memorySpendLedger, redisSpendLedger, type RedisConnection } from '#libs/bus';
import { LIMITS, type SpendLedger } from '#libs/contract';
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

const ledgers: [string, (reservedMs?: number) => SpendLedger][] = [
  ['memory', memorySpendLedger],
  ['redis', (reservedMs) => redisSpendLedger(connection, reservedMs)],
];
const ask = (want: number, { spent = 0, min = 1, limit = 100 } = {}) => ({ spent, min, want, limit });

describe.each(ledgers)('spend ledger: %s', (_name, create) => {
  test('grants what is left, and nothing when that is less than the call needs', async () => {
    const ledger = create();
    expect(await ledger.reserve('f1', 'a', ask(60))).toBe(60);
    expect(await ledger.reserve('f1', 'b', ask(60))).toBe(40);
    expect(await ledger.reserve('f1', 'c', ask(60))).toBeUndefined();
    expect(await ledger.reserve('another', 'c', ask(60))).toBe(60);
    await ledger.settle('f1', 'a', 10);
    expect(await ledger.reserve('f1', 'c', ask(60, { min: 51 }))).toBeUndefined();
    expect(await ledger.reserve('f1', 'c', ask(60, { min: 50 }))).toBe(50);
  });

  test('a run that another worker takes over counts once', async () => {
    const ledger = create();
    expect(await ledger.reserve('f2', 'a', ask(60))).toBe(60);
    expect(await ledger.reserve('f2', 'a', ask(60))).toBe(60);
    await ledger.settle('f2', 'a', 20);
    expect(await ledger.reserve('f2', 'a', ask(90, { spent: 20 }))).toBe(80);
  });

  test('a reservation that nobody settles falls away, and what was settled before it stays', async () => {
    const ledger = create(1);
    await ledger.settle('f8', 'a', 30);
    expect(await ledger.reserve('f8', 'a', ask(60, { spent: 30 }))).toBe(60);
    await until(async () => (await ledger.reserve('f8', 'b', ask(70))) === 70);
  });

  test('a run that ends without a settlement leaves its reservation behind at once', async () => {
    const ledger = create();
    await ledger.settle('f9', 'a', 30);
    await ledger.reserve('f9', 'a', ask(60, { spent: 30 }));
    await ledger.close('f9', 'a');
    expect(await ledger.reserve('f9', 'b', ask(100))).toBe(70);
  });

  test('an ended run stays in the sum, however often its end is told, and one that reserved nothing is not in it', async () => {
    const ledger = create();
    await ledger.reserve('f3', 'a', ask(60));
    await ledger.settle('f3', 'a', 30);
    await ledger.close('f3', 'a');
    await ledger.close('f3', 'a');
    await ledger.close('f3', 'never');
    expect(await ledger.reserve('f3', 'b', ask(100))).toBe(70);
  });

  test('a lowered bound refuses, also when more than it is spent', async () => {
    const ledger = create();
    await ledger.settle('f4', 'a', 80);
    expect(await ledger.reserve('f4', 'b', ask(10, { limit: 50 }))).toBeUndefined();
    expect(await ledger.reserve('f4', 'b', ask(0, { min: 0, limit: 80 }))).toBe(0);
  });

  test('large amounts stay exact', async () => {
    const ledger = create();
    const limit = LIMITS.maxCostMax * 1_000_000_000;
    expect(await ledger.reserve('f5', 'a', ask(limit - 1, { limit }))).toBe(limit - 1);
    expect(await ledger.reserve('f5', 'b', ask(limit, { limit }))).toBe(1);
  });

  test('many runs that nobody closed join the sum, and all of them still count', async () => {
    const ledger = create();
    const runs = Array.from({ length: LIMITS.spendFundRunsMax + 5 }, (_, i) => `run_${i}`);
    for (const runId of runs) await ledger.settle('f6', runId, 1);
    const limit = runs.length + 7;
    expect(await ledger.reserve('f6', 'last', ask(50, { limit }))).toBe(7);
  });

  test('of many who ask at once no more is granted than there is', async () => {
    const ledger = create();
    const granted = await Promise.all(Array.from({ length: 50 }, (_, i) => ledger.reserve('f7', `r${i}`, ask(7))));
    expect(granted.reduce<number>((sum, got) => sum + (got ?? 0), 0)).toBe(100);
  });
});

test('Redis keeps a bounded number of fields for a fund, and forgets the fund in the end', async () => {
  const names = await connection.redis.keys('t:spend:*');
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) {
    expect(await connection.redis.hlen(name)).toBeLessThanOrEqual(LIMITS.spendFundRunsMax + 1);
    expect(await connection.redis.ttl(name)).toBeGreaterThan(0);
  }
});
