import {
  bullPersistQueue,
  bullRunQueue,
  connectRedis,
  memoryIdempotency,
  memoryWorkerRegistry,
  persistCollector,
  redisIdempotency,
  redisWorkerRegistry,
  startPersistWorker,
  startRunWorker,
  type Idempotency,
  type RedisConnection,
  type RunJob,
  type WorkerInfo,
  type WorkerRegistry,
} from '#libs/bus';
import { startRedis, type TestRedis } from '../support/redis.js';
import { until } from '../support/until.js';

let server: TestRedis;
let connection: RedisConnection;
const closes: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  server = await startRedis();
  connection = connectRedis({ url: server.url, prefix: 'q', role: 'worker' });
});
afterAll(async () => {
  for (const close of closes.reverse()) await close();
  connection.close();
  await server.stop();
});

describe('run queue on BullMQ', () => {
  test('carries ids, counts starts, hands back without loss and tells what was given up', async () => {
    const queue = bullRunQueue(connection);
    closes.push(() => queue.close());
    await queue.enqueue('run_a');
    await queue.enqueue('run_a');
    await queue.enqueue('run_b');
    expect(await queue.depth()).toBe(2);
    expect(await queue.withJob(['run_a', 'run_x'])).toEqual(new Set(['run_a']));
    await queue.remove('run_b');
    expect(await queue.withJob(['run_b'])).toEqual(new Set());

    const jobs: Pick<RunJob, 'runId' | 'attempt' | 'crashes'>[] = [];
    const worker = startRunWorker({
      connection,
      concurrency: 4,
      handle: async ({ runId, attempt, crashes, signal }) => {
        jobs.push({ runId, attempt, crashes });
        expect(signal.aborted).toBe(false);
        return attempt === 1 ? 'hand_back' : 'done';
      },
      onFailed: () => undefined,
      onError: () => undefined,
    });
    closes.push(() => worker.drain(100));
    await until(() => jobs.length === 2);
    expect(jobs).toEqual([
      { runId: 'run_a', attempt: 1, crashes: 0 },
      { runId: 'run_a', attempt: 2, crashes: 0 },
    ]);
    await until(async () => (await queue.withJob(['run_a'])).size === 0);
  });

  test('draining aborts what outlives the grace period, so that it can be handed back', async () => {
    const other = connectRedis({ url: server.url, prefix: 'drain', role: 'worker' });
    const queue = bullRunQueue(other);
    closes.push(async () => {
      await queue.close();
      other.close();
    });
    let aborted = false;
    const settings = { connection: other, concurrency: 1, onFailed: () => undefined, onError: () => undefined };
    const worker = startRunWorker({
      ...settings,
      handle: ({ runId, signal }) =>
        new Promise((resolve) => {
          if (runId !== 'run_long') return resolve('done');
          signal.addEventListener('abort', () => {
            aborted = true;
            resolve('hand_back');
          });
        }),
    });
    await queue.enqueue('run_long');
    await until(() => worker.active() === 1);
    await worker.drain(50);
    expect(aborted).toBe(true);
    expect(await queue.withJob(['run_long'])).toEqual(new Set(['run_long']));
    await queue.remove('run_long');
  });
});

test('the persist queue brings a batch again until it is stored', async () => {
  const queue = bullPersistQueue(connection);
  closes.push(() => queue.close());
  const collector = persistCollector(queue, () => undefined);
  for (const runId of ['run_1', 'run_2', 'run_3']) collector.add(runId);
  await collector.close();
  const batches: (readonly string[])[] = [];
  const worker = startPersistWorker({
    connection,
    concurrency: 1,
    handle: async (runIds) => {
      batches.push(runIds);
      if (batches.length === 1) throw new Error('the database is away');
    },
  });
  closes.push(() => worker.close());
  await until(() => batches.length === 2);
  expect(batches).toEqual([
    ['run_1', 'run_2', 'run_3'],
    ['run_1', 'run_2', 'run_3'],
  ]);
});

const idempotencies: [string, () => Idempotency][] = [
  ['memory', memoryIdempotency],
  ['redis', () => redisIdempotency(connection)],
];
describe.each(idempotencies)('idempotency keys: %s', (_name, create) => {
  test('the first of many wins, the same body shares its run, another body conflicts', async () => {
    const keys = create();
    const ids = Array.from({ length: 50 }, (_, i) => `run_${i}`);
    const replies = await Promise.all(ids.map((runId) => keys.reserve('alice POST /x k1', 'f1', runId)));
    const won = replies.findIndex((reply) => reply.kind === 'new');
    expect(replies.filter((reply) => reply.kind === 'new')).toHaveLength(1);
    expect(replies.filter((_, i) => i !== won)).toEqual(Array(49).fill({ kind: 'same', runId: ids[won] }));
    expect(await keys.reserve('alice POST /x k1', 'f2', 'run_z')).toEqual({ kind: 'conflict' });
    expect(await keys.reserve('bob POST /x k1', 'f2', 'run_z')).toEqual({ kind: 'new' });
  });

  test('a released key is free again, but only its holder releases it', async () => {
    const keys = create();
    await keys.reserve('s', 'f', 'run_1');
    await keys.release('s', 'run_2');
    expect(await keys.reserve('s', 'f', 'run_3')).toEqual({ kind: 'same', runId: 'run_1' });
    await keys.release('s', 'run_1');
    expect(await keys.reserve('s', 'f', 'run_3')).toEqual({ kind: 'new' });
  });
});

const registries: [string, () => WorkerRegistry][] = [
  ['memory', memoryWorkerRegistry],
  ['redis', () => redisWorkerRegistry(connection)],
];
describe.each(registries)('worker registry: %s', (_name, create) => {
  test('lists who announced, and forgets who left', async () => {
    const registry = create();
    const info: WorkerInfo = {
      id: 'w1',
      version: '1',
      capacity: 8,
      models: [{ name: 'demo', upstream: 'demo' }],
      unknownModels: 'reject',
      defaultModel: 'talaria',
    };
    await registry.announce(info);
    await registry.announce({ ...info, id: 'w2' });
    const rows = await registry.list();
    expect(rows.map((row) => row.info.id).sort()).toEqual(['w1', 'w2']);
    expect(rows.every((row) => row.silentMs < 5_000)).toBe(true);
    await registry.leave('w2');
    expect((await registry.list()).map((row) => row.info)).toEqual([info]);
  });
});
