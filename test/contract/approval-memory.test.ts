import { connectRedis, memoryApprovalMemory, redisApprovalMemory, type RedisConnection } from '#libs/bus';
import { type ApprovalMemory, LIMITS } from '#libs/contract';
import { startRedis, type TestRedis } from '../support/redis.js';

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

const memories: [string, () => ApprovalMemory][] = [
  ['memory', memoryApprovalMemory],
  ['redis', () => redisApprovalMemory(connection)],
];
describe.each(memories)('approval memory: %s', (_name, create) => {
  test('what was allowed for a session counts there, what was allowed for ever counts for the key', async () => {
    const memory = create();
    const here = { owner: 'alice', session: 's1' };
    expect(await memory.recall(here, 'terminal')).toBeUndefined();
    await memory.remember(here, 'terminal', 'session');
    expect(await memory.recall(here, 'terminal')).toBe('session');
    expect(await memory.recall(here, 'terminal /rm/')).toBeUndefined();
    expect(await memory.recall({ owner: 'alice', session: 's2' }, 'terminal')).toBeUndefined();
    expect(await memory.recall({ owner: 'bob', session: 's1' }, 'terminal')).toBeUndefined();
    await memory.remember(here, 'http_fetch', 'always');
    expect(await memory.recall({ owner: 'alice', session: 's9' }, 'http_fetch')).toBe('always');
    expect(await memory.recall({ owner: 'bob', session: 's1' }, 'http_fetch')).toBeUndefined();
    expect(await memory.always('alice')).toEqual(['http_fetch']);
    expect(await memory.forget('alice', 'http_fetch')).toBe(true);
    expect(await memory.forget('alice', 'http_fetch')).toBe(false);
    expect(await memory.recall(here, 'http_fetch')).toBeUndefined();
  });

  test('all that a key has allowed for ever is forgotten in one call, and nothing of another key', async () => {
    const memory = create();
    for (const scope of ['terminal', 'file_write']) {
      await memory.remember({ owner: 'frank', session: 's' }, scope, 'always');
    }
    await memory.remember({ owner: 'grace', session: 's' }, 'terminal', 'always');
    expect(await memory.forgetAll('frank')).toBe(2);
    expect(await memory.forgetAll('frank')).toBe(0);
    expect(await memory.always('frank')).toEqual([]);
    expect(await memory.always('grace')).toEqual(['terminal']);
  });

  test('it says which runs wait: not those that left, whose time is over, or of another key', async () => {
    const memory = create();
    await memory.enterWait('dora', 'run_1', Date.now() + 600_000);
    await memory.enterWait('dora', 'run_2', Date.now() + 600_000);
    await memory.enterWait('dora', 'run_3', Date.now() - 1);
    await memory.enterWait('emil', 'run_4', Date.now() + 600_000);
    await memory.leaveWait('dora', 'run_2');
    const ids = ['run_1', 'run_2', 'run_3', 'run_4', 'run_5'];
    expect([...(await memory.waiting('dora', ids))]).toEqual(['run_1']);
    expect((await memory.waiting('dora', [])).size).toBe(0);
    expect((await memory.waiting('nobody', ids)).size).toBe(0);
  });

  test('runs that wait are counted until they leave or their time is over', async () => {
    const memory = create();
    // Far enough: noting thousands takes a minute on a busy machine.
    const soon = Date.now() + 600_000;
    const ids = Array.from({ length: LIMITS.parkedRunsPerKeyMax }, (_, i) => `run_${i}`);
    for (let i = 0; i < ids.length; i += 1_000) {
      await Promise.all(ids.slice(i, i + 1_000).map((id) => memory.enterWait('carol', id, soon)));
    }
    expect(await memory.enterWait('carol', 'run_more', soon)).toBe(false);
    expect(await memory.enterWait('carol', 'run_5000', soon)).toBe(true);
    expect(await memory.enterWait('dave', 'run_more', soon)).toBe(true);
    await memory.leaveWait('carol', 'run_5000');
    expect(await memory.enterWait('carol', 'run_more', soon)).toBe(true);
    expect(await memory.enterWait('carol', 'run_again', soon)).toBe(false);
  });
});

test('what a session allowed expires', async () => {
  const memory = redisApprovalMemory(connection);
  await memory.remember({ owner: 'erin', session: 's' }, 'x', 'session');
  const [key = ''] = await connection.redis.keys('t:allowed-in:*').then((keys) => keys.slice(-1));
  const ttl = await connection.redis.ttl(key);
  expect(ttl).toBeGreaterThan(LIMITS.sessionApprovalSeconds - 60);
});
