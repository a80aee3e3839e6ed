import {
  bullPersistQueue,
  bullRunQueue,
  connectRedis,
  memoryConversationLock,
  memoryIdempotency,
  memoryWorkerRegistry,
  persistCollector,
  redisConversationLock,
  redisFacts,
  redisIdempotency,
  redisWorkerRegistry,
  startPersistWorker,
  startRunWorker,
  type JobOutcome,
  type RedisConnection,
  type RunJob,
  type RunWorker,
} from '#libs/bus';
import { LIMITS, type ConversationLock, type Idempotency, type WorkerInfo, type WorkerRegistry } from '#libs/contract';
import { startRedis, type TestRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const first = (runId: string) => ({ runId, generation: 0 });

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
    await queue.enqueue('run_b', 0, { isNewId: true });
    expect(await queue.depth()).toBe(2);
    expect(await queue.withJob([first('run_a'), first('run_x')])).toEqual(new Set(['run_a']));
    await queue.remove('run_b');
    expect(await queue.withJob([first('run_b')])).toEqual(new Set());

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
    await until(async () => (await queue.withJob([first('run_a')])).size === 0);
  });

  test('starts a rejected job again, and tells of it when it was given up', async () => {
    const other = connectRedis({ url: server.url, prefix: 'rejected', role: 'worker' });
    const queue = bullRunQueue(other);
    const told: string[] = [];
    const worker = startRunWorker({
      connection: other,
      concurrency: 2,
      handle: async ({ runId, attempt }) => {
        told.push(`${runId} ${attempt}`);
        if (runId === 'run_never' || attempt === 1) throw new Error('rejected');
        return 'done';
      },
      onFailed: (runId, cause) => told.push(`${runId} given up: ${cause.message}`),
      onError: () => undefined,
    });
    closes.push(
      () => other.close(),
      () => queue.close(),
      () => worker.drain(100),
    );
    await queue.enqueue('run_once');
    await queue.enqueue('run_never');
    await until(() => told.some((line) => line.includes('given up')));
    expect(told.filter((line) => line.startsWith('run_once'))).toEqual(['run_once 1', 'run_once 2']);
    expect(told.filter((line) => line.startsWith('run_never'))).toEqual([
      'run_never 1',
      'run_never 2',
      'run_never 3',
      'run_never given up: rejected',
    ]);
  });

  test('gives no place while Redis is nearly out of memory', async () => {
    const queue = bullRunQueue(connection);
    closes.push(() => queue.close());
    const request = { owner: 'alice', lane: 'interactive', waitingMax: 9, slots: 9 } as const;
    const kind = async (): Promise<string> => (await queue.place(request)).kind;
    expect(await kind()).toBe('placed');
    const used = Number(/used_memory:(\d+)/.exec(await connection.redis.info('memory'))?.[1]);
    await connection.redis.config('SET', 'maxmemory', Math.round(used * 1.1));
    await until(async () => (await kind()) === 'no_memory');
    // What it holds already may still be written.
    await queue.enqueue('run_open');
    await queue.remove('run_open');
    await connection.redis.config('SET', 'maxmemory', 0);
    await until(async () => (await kind()) === 'placed');
  });

  test('Redis that answers but takes no writes is not ready', async () => {
    await connection.ping();
    await connection.redis.config('SET', 'maxmemory', 1);
    await expect(connection.ping()).rejects.toMatchObject({ code: 'queue_unavailable' });
    await connection.redis.config('SET', 'maxmemory', 0);
    await connection.ping();
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
    expect(await queue.withJob([first('run_long')])).toEqual(new Set(['run_long']));
    await queue.remove('run_long');
  });
});

test('a run is handed on to a worker that has its model, counts as waiting meanwhile, and uses up no start', async () => {
  const other = connectRedis({ url: server.url, prefix: 'hand', role: 'worker' });
  const queue = bullRunQueue(other);
  const facts = redisFacts(other);
  const begin = (handle: (job: RunJob) => Promise<JobOutcome>): RunWorker =>
    startRunWorker({
      connection: other,
      concurrency: 4,
      handle,
      onFailed: () => undefined,
      onError: () => undefined,
    });
  const misses: (number | undefined)[] = [];
  const without = begin(async (job) => {
    misses.push(job.misses);
    return { handOnMs: 5 };
  });
  const attempts: [number, string | undefined][] = [];
  let isHeld = true;
  const having = begin(async ({ attempt, model, accepted }) => {
    accepted();
    attempts.push([attempt, model]);
    await until(() => !isHeld);
    return 'done';
  });
  having.allow('models', false);
  await queue.enqueue('run_m', 0, { model: 'fast' });
  await until(() => misses.length >= 5);
  expect(misses.slice(0, 3)).toEqual([undefined, 1, 2]);
  expect(attempts).toEqual([]);
  await until(async () => (await queue.depth()) === 1, { what: 'the run to count as waiting' });
  await until(async () => (await facts.queue('runs')).oldestWaitMs > 0);
  having.allow('models', true);
  await until(() => attempts.length > 0);
  expect(attempts).toEqual([[1, 'fast']]);
  await until(async () => (await queue.depth()) === 0, { what: 'nothing to wait while the run is executed' });
  isHeld = false;
  await Promise.all([without.drain(0), having.drain(0)]);
  await facts.close();
  await queue.close();
  other.close();
});

test('a worker that has lost its lock takes no start back', async () => {
  const other = connectRedis({ url: server.url, prefix: 'lost', role: 'worker' });
  const queue = bullRunQueue(other);
  const job = other.keys.runJob('run_l');
  let handled = 0;
  const errors: Error[] = [];
  const worker = startRunWorker({
    connection: other,
    concurrency: 1,
    handle: async () => {
      handled++;
      await other.redis.set(`${job}:lock`, 'of another worker');
      return { handOnMs: 5 };
    },
    onFailed: () => undefined,
    onError: (cause) => errors.push(cause),
  });
  await queue.enqueue('run_l', 0, { model: 'fast' });
  await until(() => errors.length > 0, { what: 'the job to stay with the other worker' });
  expect([handled, await other.redis.hget(job, 'ats')]).toEqual([1, '1']);
  await other.redis.del(`${job}:lock`);
  await worker.drain(0);
  await queue.close();
  other.close();
});

test('a run that was handed on and then failed does not count as waiting', async () => {
  const other = connectRedis({ url: server.url, prefix: 'failing', role: 'worker' });
  const queue = bullRunQueue(other);
  let handled = 0;
  const worker = startRunWorker({
    connection: other,
    concurrency: 1,
    handle: async () => {
      if (handled++ === 0) return { handOnMs: 5 };
      throw new Error('rejected');
    },
    onFailed: () => undefined,
    onError: () => undefined,
  });
  await queue.enqueue('run_f', 0, { model: 'fast' });
  await until(() => handled > 1);
  await until(async () => (await other.redis.zcard(other.keys.handedOn)) === 0, { what: 'nothing to wait' });
  await worker.drain(0);
  await queue.close();
  other.close();
});

test('a run whose finished job is remembered is queued all the same, a job that is there stays as it is', async () => {
  const other = connectRedis({ url: server.url, prefix: 'again', role: 'worker' });
  const queue = bullRunQueue(other);
  const jobs: string[] = [];
  let isHeld = false;
  const worker = startRunWorker({
    connection: other,
    concurrency: 2,
    handle: async ({ runId, generation }) => {
      jobs.push(`${runId}.${generation}`);
      await until(() => !isHeld);
      if (runId === 'run_given_up') throw new Error('rejected');
      return 'done';
    },
    onFailed: (runId) => jobs.push(`${runId} was given up`),
    onError: () => undefined,
  });
  closes.push(
    () => other.close(),
    () => queue.close(),
    () => worker.drain(100),
  );
  const done = async (run: { runId: string; generation: number }): Promise<void> =>
    void (await until(async () => (await queue.withJob([run])).size === 0));
  for (const times of [1, 2]) {
    await queue.enqueue('run_done', times);
    await until(() => jobs.filter((job) => job === 'run_done.0').length === times);
    await done(first('run_done'));
    // A parked run too, whose job came too early and was fenced.
    await queue.enqueueParked({ runId: 'run_parked', generation: 1 }, 1);
    await until(() => jobs.filter((job) => job === 'run_parked.1').length === times);
    await done({ runId: 'run_parked', generation: 1 });
  }
  await queue.enqueue('run_given_up');
  await until(() => jobs.includes('run_given_up was given up'), { ms: 20_000 });
  const before = jobs.length;
  await queue.enqueue('run_given_up');
  await until(() => jobs.length > before);
  isHeld = true;
  await queue.enqueue('run_active');
  await until(() => jobs.includes('run_active.0'));
  await queue.enqueue('run_active');
  isHeld = false;
  await done(first('run_active'));
  expect(jobs.filter((job) => job === 'run_active.0')).toHaveLength(1);
});

test('a parked run has a job of its own, which comes when it is woken or when its time is over', async () => {
  const other = connectRedis({ url: server.url, prefix: 'parked', role: 'worker' });
  const queue = bullRunQueue(other);
  closes.push(async () => {
    await queue.close();
    other.close();
  });
  const jobs: Pick<RunJob, 'runId' | 'generation' | 'attempt'>[] = [];
  const worker = startRunWorker({
    connection: other,
    concurrency: 2,
    handle: async ({ runId, generation, attempt }) => {
      jobs.push({ runId, generation, attempt });
      return 'done';
    },
    onFailed: () => undefined,
    onError: () => undefined,
  });
  closes.push(() => worker.drain(100));
  await queue.enqueue('run_p');
  await until(() => jobs.length === 1);
  // The finished job still has the run's id; the parked run comes under another.
  await queue.enqueueParked({ runId: 'run_p', generation: 1 }, 600_000);
  await queue.enqueueParked({ runId: 'run_p', generation: 1 }, 10);
  await queue.enqueueParked({ runId: 'run_q', generation: 1 }, 600_000);
  await queue.enqueueParked({ runId: 'run_r', generation: 1 }, 50);
  await until(() => jobs.length === 2);
  expect(jobs[1]).toEqual({ runId: 'run_r', generation: 1, attempt: 1_001 });
  expect(await queue.withJob([{ runId: 'run_p', generation: 1 }])).toEqual(new Set(['run_p']));
  await Promise.all([1, 2, 3].map(() => queue.wake({ runId: 'run_p', generation: 1 })));
  await until(() => jobs.length === 3);
  expect(jobs[2]).toEqual({ runId: 'run_p', generation: 1, attempt: 1_001 });
  // A job that is gone, or that came too early, is made again.
  await queue.wake({ runId: 'run_lost', generation: 3 });
  await until(async () => jobs.some(({ runId }) => runId === 'run_lost'));
  await until(async () => (await queue.withJob([{ runId: 'run_lost', generation: 3 }])).size === 0);
  await queue.wake({ runId: 'run_lost', generation: 3 });
  await until(() => jobs.filter(({ runId }) => runId === 'run_lost').length === 2);
  await queue.remove('run_q', 1);
  expect(await queue.withJob([{ runId: 'run_q', generation: 1 }])).toEqual(new Set());
});

test('the persist queue brings a batch again until it is stored', async () => {
  const queue = bullPersistQueue(connection);
  closes.push(() => queue.close());
  const collector = persistCollector(queue, () => undefined);
  for (const runId of ['run_1', 'run_2', 'run_3']) await collector.enqueue([runId]);
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
    expect(replies.filter((_, i) => i !== won)).toEqual(
      Array(49).fill({ kind: 'same', runId: ids[won], wasOpened: false }),
    );
    expect(await keys.reserve('alice POST /x k1', 'f2', 'run_z')).toEqual({ kind: 'conflict' });
    expect(await keys.reserve('bob POST /x k1', 'f2', 'run_z')).toEqual({ kind: 'new' });
  });

  test('what was made is told to repetitions, and only of the id that the key names', async () => {
    const keys = create();
    await keys.reserve('made', 'f', 'run_1');
    await keys.markMade('made', 'run_2');
    expect(await keys.reserve('made', 'f', 'run_3')).toEqual({ kind: 'same', runId: 'run_1', wasOpened: false });
    for (let i = 0; i < 2; i++) await keys.markMade('made', 'run_1');
    expect(await keys.reserve('made', 'f', 'run_3')).toEqual({ kind: 'same', runId: 'run_1', wasOpened: true });
    await keys.markMade('unknown', 'run_1');
    expect(await keys.reserve('unknown', 'f', 'run_4')).toEqual({ kind: 'new' });
  });

  test('a released key is free again, but only its holder releases it', async () => {
    const keys = create();
    await keys.reserve('s', 'f', 'run_1');
    await keys.release('s', 'run_2');
    expect(await keys.reserve('s', 'f', 'run_3')).toEqual({ kind: 'same', runId: 'run_1', wasOpened: false });
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
      tools: ['current_time'],
      unknownModels: 'reject',
      defaultModel: 'talaria',
    };
    await registry.announce(info);
    await registry.announce({ ...info, id: 'w2' });
    const rows = await registry.list();
    expect(rows.map((row) => row.info.id).sort()).toEqual(['w1', 'w2']);
    expect(rows.every((row) => row.silentMs < 5_000)).toBe(true);
    await registry.leave('w2');
    const [remembered, ...others] = (await registry.list()).filter((row) => row.info.id !== info.id);
    expect(remembered?.info).toEqual({ ...info, id: expect.stringMatching(/^left-/), active: 0 });
    expect(remembered?.silentMs).toBeGreaterThan(LIMITS.workerSilentMsMax);
    // Another that offered the same leaves no record of its own.
    await registry.announce({ ...info, id: 'w3' });
    await registry.leave('w3');
    expect([others.length, (await registry.list()).length]).toEqual([0, 2]);
  });
});

const turnsOf: [string, () => ConversationLock][] = [
  ['memory', memoryConversationLock],
  ['redis', () => redisConversationLock(connection)],
];
describe.each(turnsOf)('conversation turns: %s', (_name, create) => {
  test('of many who follow the same run, one gets the turn', async () => {
    const turns = create();
    expect(await turns.last('c')).toBeUndefined();
    const ids = Array.from({ length: 20 }, (_, i) => `run_${i}`);
    const got = await Promise.all(ids.map((runId) => turns.begin('c', runId, undefined)));
    expect(got.filter(Boolean)).toHaveLength(1);
    const first = ids[got.indexOf(true)] ?? '';
    expect((await turns.last('c'))?.runId).toBe(first);
    expect(await turns.begin('c', 'run_next', 'run_other')).toBe(false);
    expect(await turns.begin('c', 'run_next', first)).toBe(true);
    const last = await turns.last('c');
    expect(last?.runId).toBe('run_next');
    expect(last?.ageMs).toBeLessThan(10_000);
    expect(await turns.last('another')).toBeUndefined();
  });

  test('a turn that is given back is that of the run before it, with its age, but never another’s', async () => {
    const turns = create();
    await turns.begin('c2', 'run_1', undefined);
    const before = { runId: 'run_1', ageMs: 60_000 };
    await turns.begin('c2', 'run_2', 'run_1');
    await turns.giveBack('c2', 'run_other', before);
    expect((await turns.last('c2'))?.runId).toBe('run_2');
    await turns.giveBack('c2', 'run_2', before);
    const last = await turns.last('c2');
    expect(last?.runId).toBe('run_1');
    expect(last?.ageMs).toBeGreaterThanOrEqual(60_000);
    expect(await turns.begin('c2', 'run_3', 'run_1')).toBe(true);
    await turns.begin('first', 'run_4', undefined);
    await turns.giveBack('first', 'run_4', undefined);
    expect(await turns.last('first')).toBeUndefined();
    await turns.giveBack('unknown', 'run_5', undefined);
  });

  test('a turn that is forgotten was never there', async () => {
    const turns = create();
    await turns.begin('gone', 'run_1', undefined);
    await turns.begin('kept', 'run_2', undefined);
    await turns.forget('gone');
    await turns.forget('unknown');
    expect(await turns.last('gone')).toBeUndefined();
    expect(await turns.begin('gone', 'run_3', undefined)).toBe(true);
    expect((await turns.last('kept'))?.runId).toBe('run_2');
  });
});
