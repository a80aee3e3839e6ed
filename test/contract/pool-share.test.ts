import { connectRedis, memoryPool, redisPoolOffice, redisPoolShare, type RedisConnection } from '#libs/bus';
import type { MemberHealth, PoolEntry, PoolOffice, PoolReport, PoolShare } from '#libs/contract';
import { randomUUID } from 'node:crypto';
import { startRedis, type TestRedis } from '../support/redis.js';

let server: TestRedis;
const connections: RedisConnection[] = [];

beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  for (const connection of connections) connection.close();
  await server.stop();
});

interface Lab {
  readonly office: PoolOffice;
  share(worker: string): PoolShare;
}

function onRedis(): Lab {
  const connection = connectRedis({ url: server.url, prefix: randomUUID(), role: 'worker' });
  connections.push(connection);
  return { office: redisPoolOffice(connection), share: (worker) => redisPoolShare(connection, worker) };
}

function inMemory(): Lab {
  const pool = memoryPool();
  return { office: pool, share: (worker) => pool.of(worker) };
}

const a = { upstream: 'a', model: 'big' };
const b = { upstream: 'b', model: 'big' };
const entry = (more: Partial<PoolEntry> = {}): PoolEntry => ({ member: a, tokens: 10, ...more });
const out = (until: number): MemberHealth => ({ failures: [], until, level: 1, cause: 'rate_limited' });
const report = (worker: string, more: Partial<PoolReport> = {}): PoolReport => ({
  worker,
  generation: 0,
  members: [],
  ...more,
});

describe.each([
  ['memory', inMemory],
  ['redis', onRedis],
] as const)('what workers share about pools: %s', (_name, open) => {
  test('places of all workers count together, with their tokens, per upstream', async () => {
    const { share } = open();
    const [one, two] = [share('w1'), share('w2')];
    const bounded = entry({ inFlightMax: 2 });
    expect(await one.enter(bounded)).toBe('entered');
    expect(await two.enter({ ...bounded, member: { upstream: 'a', model: 'small' } })).toBe('entered');
    expect(await two.enter(bounded)).toBe('full');
    const { members } = await one.look([a, b], 'k');
    expect(members).toMatchObject([
      { inFlight: 2, inFlightTokens: 20 },
      { inFlight: 0, inFlightTokens: 0 },
    ]);
    await one.leave(a, 10);
    expect(await two.enter(bounded)).toBe('entered');
    await one.leave(a, 10);
    expect((await one.look([a], 'k')).members).toMatchObject([{ inFlight: 2, inFlightTokens: 20 }]);
  });

  test('of many who ask at once no more get a place than may', async () => {
    const { share } = open();
    const asked = Array.from({ length: 40 }, (_, i) => share(`w${i % 4}`).enter(entry({ inFlightMax: 7 })));
    expect((await Promise.all(asked)).filter((reply) => reply === 'entered')).toHaveLength(7);
  });

  test('a new session is bound to the member that is proposed, and later requests find it there', async () => {
    const { share, office } = open();
    const [one, two] = [share('w1'), share('w2')];
    const asked = { members: [a, b], key: 'k', tokens: 10 };
    expect(await one.take({ ...asked, key: 'other' })).toMatchObject({ kind: 'seen', members: [{}, {}] });
    expect(await one.take({ ...asked, proposal: 1 })).toEqual({ kind: 'entered', at: 1, isNew: true });
    // Another proposal does not move it.
    expect(await two.take({ ...asked, proposal: 0 })).toEqual({ kind: 'entered', at: 1, isNew: false });
    expect(await office.bindings(['a', 'b'])).toEqual([0, 1]);
    expect((await one.look([a, b], 'k')).members).toMatchObject([{ inFlight: 0 }, { inFlight: 2, inFlightTokens: 20 }]);
    // A home that has left the pool is none.
    expect(await one.take({ ...asked, members: [a], proposal: 0 })).toEqual({ kind: 'entered', at: 0, isNew: true });
    await one.leave(a, 10);
    await Promise.all([one.leave(b, 10), two.leave(b, 10)]);
    expect((await one.look([a, b], 'k')).members).toMatchObject([{ inFlight: 0 }, { inFlight: 0 }]);
  });

  test('no place is taken at a member that is shunned, full, out, half open or drained', async () => {
    const { share, office } = open();
    const one = share('w1');
    const take = (more: object = {}) => one.take({ members: [{ ...a, ...more }, b], key: 'k', tokens: 1, proposal: 0 });
    const seen = { kind: 'seen', binding: 'a' };
    expect(await take({ inFlightMax: 1 })).toMatchObject({ kind: 'entered' });
    expect(await take({ inFlightMax: 1 })).toMatchObject({ ...seen, members: [{ inFlight: 1 }, { inFlight: 0 }] });
    expect(await take({ isShunned: true })).toMatchObject(seen);
    await office.drain('a', true);
    expect(await take()).toMatchObject({ ...seen, members: [{ isDrained: true }, { isDrained: false }] });
    await office.drain('a', false);
    const now = await office.now();
    for (const until of [now + 60_000, now - 1]) {
      await one.change(a, () => out(until));
      expect(await take()).toMatchObject({ ...seen, members: [{ health: { until } }, {}] });
    }
    expect((await one.look([a], 'k')).members).toMatchObject([{ inFlight: 1 }]);
  });

  test('of many who take at once no more get a place than may', async () => {
    const { share } = open();
    const asked = Array.from({ length: 40 }, (_, i) =>
      share(`w${i % 4}`).take({ members: [{ ...a, inFlightMax: 7 }], key: `k${i}`, tokens: 1, proposal: 0 }),
    );
    expect((await Promise.all(asked)).filter(({ kind }) => kind === 'entered')).toHaveLength(7);
  });

  test('a place that was taken before its request was known gets its weight later', async () => {
    const { share } = open();
    const one = share('w1');
    await one.take({ members: [a], key: 'k', tokens: 10, proposal: 0 });
    await one.weigh(a, 90);
    expect((await one.look([a], 'k')).members).toMatchObject([{ inFlight: 1, inFlightTokens: 100 }]);
    await one.leave(a, 100);
    expect((await one.look([a], 'k')).members).toMatchObject([{ inFlight: 0, inFlightTokens: 0 }]);
  });

  test('a binding is made, kept by use, and moved', async () => {
    const { share, office } = open();
    const one = share('w1');
    await one.enter(entry({ key: 'k' }));
    expect((await one.look([a, b], 'k')).binding).toBeUndefined();
    await one.enter(entry({ key: 'k', binds: true }));
    await one.enter(entry({ key: 'k', member: b }));
    expect((await share('w2').look([a, b], 'k')).binding).toBe('a');
    expect(await office.bindings(['a', 'b'])).toEqual([1, 0]);
    await one.enter(entry({ key: 'k', member: b, binds: true }));
    expect((await one.look([a, b], 'k')).binding).toBe('b');
    expect((await one.look([a, b], 'other')).binding).toBeUndefined();
  });

  test('health is per upstream and model; nobody enters before its time, and then one tries it', async () => {
    const { share } = open();
    const one = share('w1');
    const { now } = await one.look([a], 'k');
    await one.change(a, () => out(now + 60_000));
    expect(await one.enter(entry())).toBe('cooling');
    expect(await one.enter(entry({ isForced: true }))).toBe('entered');
    expect(await one.enter(entry({ member: { upstream: 'a', model: 'small' } }))).toBe('entered');
    await one.change(a, () => out(now - 1));
    expect(await share('w2').enter(entry())).toBe('entered');
    expect(await one.enter(entry())).toBe('cooling');
    const [state] = (await one.look([a], 'k')).members;
    expect(state?.probeUntil).toBeGreaterThan(now);
    await share('w2').change(a, (health) => health);
    expect(await one.enter(entry())).toBe('entered');
  });

  test('no change is lost when several workers make one at the same time', async () => {
    const { share } = open();
    const add = (health: MemberHealth): MemberHealth => ({ ...health, failures: [...health.failures, 1] });
    await Promise.all(Array.from({ length: 4 }, (_, i) => share(`w${i}`).change(a, add)));
    expect((await share('w').look([a], 'k')).members[0]?.health.failures).toHaveLength(4);
  });

  test('operators drain, forgive, ask for checks and reloads', async () => {
    const { share, office } = open();
    const one = share('w1');
    await office.drain('a', true);
    await one.change(b, () => out(9e15));
    expect((await office.look([a, b], 'k')).members).toMatchObject([
      { isDrained: true },
      { isDrained: false, health: { cause: 'rate_limited' } },
    ]);
    await office.drain('a', false);
    await office.forgive([b]);
    expect((await one.look([a, b], 'k')).members).toMatchObject([{ isDrained: false }, { health: { until: 0 } }]);

    expect(await one.beat(report('w1'))).toEqual({ generation: 0, checks: [] });
    await office.askCheck('a');
    const generation = await office.askReload();
    expect(await one.beat(report('w1'))).toEqual({ generation, checks: ['a'] });
    expect(await share('w2').beat(report('w2', { generation, reloadError: 'bad' }))).toEqual({
      generation,
      checks: [],
    });
    const reports = await office.reports();
    expect(reports.map(({ worker }) => worker).sort()).toEqual(['w1', 'w2']);
    expect(reports.find(({ worker }) => worker === 'w2')).toMatchObject({ generation, reloadError: 'bad' });

    expect(await office.lastCheck('a')).toBeUndefined();
    await one.tellCheck('a', { models: 3 });
    expect(await office.lastCheck('a')).toMatchObject({ models: 3 });
  });
});

test('places of a worker that gives no sign are free again', async () => {
  let now = 1_000;
  const pool = memoryPool(() => now);
  const [dead, alive] = [pool.of('w1'), pool.of('w2')];
  await dead.enter(entry({ inFlightMax: 2 }));
  await alive.enter(entry({ inFlightMax: 2 }));
  now += 9_000;
  await alive.beat(
    report('w2', { members: [{ ...a, calls: 1, failures: 0, inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 }] }),
  );
  now += 2_000;
  expect((await alive.look([a], 'k')).members).toMatchObject([{ inFlight: 1 }]);
});
