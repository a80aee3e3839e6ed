import { bullRunQueue, connectRedis, redisApprovalMemory, redisRunLog, type RedisConnection } from '#libs/bus';
import { NO_USAGE } from '#libs/contract';
import { startRedis, type TestRedis } from '../support/redis.js';
import { runSpec } from '../support/run-spec.js';

const RUNS = 200;
const BYTES_PER_RUN_MAX = 2_048;

let server: TestRedis;
let connection: RedisConnection;

async function start(...settings: readonly string[]): Promise<void> {
  server = await startRedis(settings);
  connection = connectRedis({ url: server.url, prefix: 'm', role: 'worker' });
}
afterEach(async () => {
  connection.close();
  await server.stop();
});

/** Bytes of all keys that are no log. */
async function bytesBesideLogs(): Promise<number> {
  const { redis } = connection;
  const keys = (await redis.keys('*')).filter((key) => !key.endsWith(':log'));
  const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key, 'SAMPLES', 0)));
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
}

/** Parks runs. Gives the bytes that each of them takes, and how many of these it took before it was parked. */
async function bytesPerRun(): Promise<{ readonly before: number; readonly parked: number }> {
  const log = redisRunLog(connection);
  const queue = bullRunQueue(connection);
  const memory = redisApprovalMemory(connection);
  const specs = Array.from({ length: RUNS }, () => runSpec());
  for (const spec of specs) {
    await log.open(spec);
    await log.claim(spec.runId, 1, 'worker-1');
  }
  const before = await bytesBesideLogs();
  const deadline = Date.now() + 900_000;
  for (const { runId, owner, model } of specs) {
    await memory.enterWait(owner, runId, deadline);
    await queue.enqueueParked({ runId, generation: 1 }, 900_000, model);
    const event = { type: 'run.parked', step: 1, usage: NO_USAGE } as const;
    const approvalIds = ['apr_0123456789abcdef01234567'];
    expect(await log.park({ runId, attempt: 1, event, deadline, generation: 1, approvalIds })).toBe('parked');
  }
  const parked = await bytesBesideLogs();
  await queue.close();
  return { before: before / RUNS, parked: parked / RUNS };
}

test('what a run has because it is parked takes at most 2 KB of Redis beside its log', async () => {
  await start();
  const { before, parked } = await bytesPerRun();
  expect(parked - before).toBeLessThan(BYTES_PER_RUN_MAX);
});

test('with the setting of the documents, all that a parked run has beside its log takes at most 2 KB', async () => {
  await start('--hash-max-listpack-value', '1024');
  expect((await bytesPerRun()).parked).toBeLessThan(BYTES_PER_RUN_MAX);
});
