import { bullRunQueue, connectRedis, startRunWorker, type RedisConnection } from '#libs/bus';
import type { Lane, RunQueue } from '#libs/contract';
import { startRedis, type TestRedis } from '../support/redis.js';
import { until } from '../support/until.js';

let server: TestRedis;
let prefixes = 0;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

/** A queue of its own, on which nothing is started before `run` is called. */
async function lab(): Promise<Lab> {
  const connection = connectRedis({ url: server.url, prefix: `fair${prefixes++}`, role: 'worker' });
  return new Lab(connection, bullRunQueue(connection));
}

class Lab {
  private readonly started: string[] = [];

  constructor(
    private readonly connection: RedisConnection,
    private readonly queue: RunQueue,
  ) {}

  async add(
    owner: string,
    names: readonly string[],
    lane: Lane = 'interactive',
    waitingMax = 5_000,
  ): Promise<string[]> {
    const refused: string[] = [];
    for (const name of names) {
      const place = await this.queue.place({ owner, lane, waitingMax, slots: 0 });
      if (place.kind === 'placed') await this.queue.enqueue(name, place.tag);
      else refused.push(name);
    }
    return refused;
  }

  /** Starts one after the other until `count` were started; `onStart` may add more meanwhile. @returns their order. */
  async run(
    count: number,
    onStart: (name: string) => Promise<void> = async () => undefined,
  ): Promise<readonly string[]> {
    // One for all that are started beyond the count: one of them may start after the release, while the worker closes.
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const worker = startRunWorker({
      connection: this.connection,
      concurrency: 1,
      handle: async ({ runId }) => {
        this.started.push(runId);
        await onStart(runId);
        if (this.started.length > count) await released;
        return 'done';
      },
      onFailed: () => undefined,
      onError: () => undefined,
    });
    await until(() => this.started.length >= count, { ms: 20_000 });
    const order = this.started.slice(0, count);
    await until(async () => this.started.length > count || (await this.queue.depth()) === 0);
    release();
    await worker.drain(0);
    return order;
  }

  async close(): Promise<void> {
    await this.queue.close();
    this.connection.close();
  }
}

const many = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name}-${i}`);

test('a key with a thousand waiting runs delays the first run of another key by one run', async () => {
  const queue = await lab();
  await queue.add('alice', many('alice', 1_000));
  let others: string[] = [];
  const order = await queue.run(40, async (name) => {
    if (name !== 'alice-5') return;
    others = many('bob', 3);
    await queue.add('bob', others);
  });
  const after = order.slice(order.indexOf('alice-5') + 1);
  expect(after.indexOf('bob-0')).toBeLessThanOrEqual(1);
  // Then they take turns.
  expect(after.indexOf('bob-1') - after.indexOf('bob-0')).toBeLessThanOrEqual(2);
  expect(after.indexOf('bob-2') - after.indexOf('bob-1')).toBeLessThanOrEqual(2);
  expect(order.filter((name) => name.startsWith('alice'))).toEqual(many('alice', 37));
  await queue.close();
});

test('a thousand runs that come in the same moment are in order, too', async () => {
  const queue = await lab();
  const crowd = many('alice', 1_000);
  let told = false;
  const refused = await Promise.all(crowd.map((name) => queue.add('alice', [name], 'interactive', 900)));
  // The bound of a key holds for a crowd as for a row.
  expect(refused.flat()).toHaveLength(100);
  const order = await queue.run(30, async (name) => {
    if (name.startsWith('alice') && !told) await queue.add('bob', ['bob-0']);
    told = true;
  });
  expect(order.indexOf('bob-0')).toBeLessThanOrEqual(2);
  await queue.close();
});

test('foreground goes before background, and background is not starved', async () => {
  const queue = await lab();
  await queue.add('alice', many('job', 50), 'background');
  await queue.add('alice', many('chat', 50));
  const order = await queue.run(60);
  const jobs = order.filter((name) => name.startsWith('job')).length;
  // Four to one.
  expect(jobs).toBeGreaterThanOrEqual(10);
  expect(jobs).toBeLessThanOrEqual(16);
  expect(order.indexOf('chat-0')).toBeLessThanOrEqual(2);
  await queue.close();
});

test('a key has no more than its share of the queue, and others still find room', async () => {
  const queue = await lab();
  expect(await queue.add('alice', many('alice', 12), 'interactive', 5)).toEqual(many('alice', 12).slice(5));
  expect(await queue.add('alice', many('job', 3), 'background', 5)).toEqual([]);
  expect(await queue.add('bob', many('bob', 5), 'interactive', 5)).toEqual([]);
  await queue.close();
});

test('a run that was started before goes in front of all that wait', async () => {
  const queue = await lab();
  await queue.add('alice', many('alice', 5));
  await queue['queue'].enqueue('parked');
  expect((await queue.run(3)).slice(0, 2)).toEqual(['parked', 'alice-0']);
  await queue.close();
});
