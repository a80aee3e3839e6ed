import { bullTickQueue, connectRedis, startTickWorker, type RedisConnection } from '#libs/bus';
import { startRedis, type TestRedis } from '../support/redis.js';
import { until } from '../support/until.js';

describe('timers of cron jobs on Redis', () => {
  let redis: TestRedis;
  let connection: RedisConnection;
  const closers: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    redis = await startRedis();
    connection = connectRedis({ url: redis.url, prefix: 'test', role: 'worker' });
  });
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
    await connection.redis.flushall();
  });
  afterAll(async () => {
    connection?.close();
    await redis?.stop();
  });

  /** So many schedulers that note when they are woken, and a queue to arm. */
  function start(schedulers: number, handle: () => Promise<void> = async () => undefined) {
    const woken: number[] = [];
    const errors: Error[] = [];
    for (let i = 0; i < schedulers; i++) {
      const worker = startTickWorker({
        connection,
        async handle() {
          woken.push(Date.now());
          await handle();
        },
        onError: (cause) => errors.push(cause),
      });
      closers.push(() => worker.close());
    }
    const ticks = bullTickQueue(connection);
    closers.push(() => ticks.close());
    return { ticks, woken, errors };
  }

  test('a moment wakes one of the schedulers, not before its time', async () => {
    const { ticks, woken } = start(3);
    const asked = Date.now();
    await Promise.all(Array.from({ length: 20 }, () => ticks.arm(600)));
    await until(() => woken.length > 0);
    expect((woken[0] ?? 0) - asked).toBeGreaterThanOrEqual(590);
    const next = Date.now();
    await ticks.arm(0);
    await until(() => woken.some((at) => at >= next));
    // Those twenty were armed within one or two timers' width.
    expect(woken.length).toBeLessThanOrEqual(4);
  });

  test('Redis is asked to wake a scheduler after a fraction of a second', async () => {
    const monitor = await connection.redis.monitor();
    closers.push(async () => monitor.disconnect());
    const waits: number[] = [];
    monitor.on('monitor', (_time, [command, ...args]: readonly string[]) => {
      if (command?.toLowerCase() === 'bzpopmin') waits.push(Number(args.at(-1)));
    });
    const { ticks, woken } = start(1);
    await until(() => waits.length > 0);
    await ticks.arm(600);
    await until(() => woken.length > 0);
    // BullMQ waits for whole seconds when it does not ask Redis for its version.
    expect(waits.filter((seconds) => seconds > 0 && seconds < 0.7)).not.toEqual([]);
  });

  test('a moment that fails is told, and the next one comes all the same', async () => {
    let fails = true;
    const { ticks, woken, errors } = start(1, async () => {
      if (fails) throw new Error('the store is away');
    });
    await ticks.arm(0);
    await until(() => errors.length > 0);
    fails = false;
    await ticks.arm(100);
    await until(() => woken.length === 2);
    expect(errors.map(({ message }) => message)).toEqual(['the store is away']);
  });

  test('nothing is left behind in Redis', async () => {
    const { ticks, woken } = start(1);
    for (let i = 0; i < 30; i++) await ticks.arm(i * 60);
    await until(() => woken.length >= 30);
    const isEmpty = async (): Promise<boolean> => (await connection.redis.keys('*:ticks:at-*')).length === 0;
    await until(isEmpty, { what: 'all timers to be gone' });
  });
});
