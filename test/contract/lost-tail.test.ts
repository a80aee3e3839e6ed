import { connectRedis, redisRunLog, runWriters, type AppendRefused, type RedisConnection } from '#libs/bus';
import type { RunEvent, RunLog, RunSpec } from '#libs/contract';
import { startRedis, type TestRedis } from '../support/redis.js';
import { runSpec } from '../support/run-spec.js';

/** Fault R4: Redis comes back without the last second of its append-only file. */
let server: TestRedis;
let connection: RedisConnection;
let log: RunLog;

beforeAll(async () => {
  server = await startRedis();
  connection = connectRedis({ url: server.url, prefix: 't', role: 'worker' });
  log = redisRunLog(connection);
});
afterAll(async () => {
  connection.close();
  await server.stop();
});

const text = (said: string): RunEvent => ({ type: 'text.delta', step: 1, text: said });

/** What the run's keys are now, to be put back later. */
async function remember({ runId }: RunSpec): Promise<() => Promise<void>> {
  const { redis, keys } = connection;
  const names = [keys.log(runId), keys.meta(runId)];
  const dumps = await Promise.all(names.map((name) => redis.dumpBuffer(name)));
  return async () => {
    for (const [i, name] of names.entries()) await redis.restore(name, 0, dumps[i] ?? '', 'REPLACE');
  };
}

/** A worker with a log of its own, as each process has. */
async function worker(spec: RunSpec, attempt: number, own: RunLog = redisRunLog(connection)) {
  const start = { type: 'run.started', attempt: 1, worker: 'w' } as const;
  const claim = await own.claim(spec.runId, attempt, 'w', { start });
  if (claim.kind !== 'claimed') throw new Error(claim.kind);
  const { lastSeq, bytes, begun } = claim;
  const refusals: string[] = [];
  const writer = runWriters(own).open({
    runId: spec.runId,
    attempt,
    lastSeq,
    ...(bytes !== undefined && { bytes }),
    ...(begun && { begun }),
    instance: spec.instance,
    onCancel: () => undefined,
    onRefused: ({ reason }: AppendRefused) => refusals.push(reason),
  });
  const say = async (said: string): Promise<void> => {
    await writer.emit(text(said));
    await writer.flushed();
  };
  return { say, refusals };
}

const told = async ({ runId }: RunSpec): Promise<string[]> =>
  (await log.read(runId, 0)).map((event) => (event.type === 'text.delta' ? event.text : event.type));

test('the claim that began the run was in it: the event is sent again with all others', async () => {
  const spec = runSpec();
  await log.open(spec);
  const lose = await remember(spec);
  const { say, refusals } = await worker(spec, 1);
  await say('a');
  await lose();
  await say('b');
  expect(refusals).toEqual([]);
  expect(await told(spec)).toEqual(['run.queued', 'run.started', 'a', 'b']);
});

test('the start of the job was in it, so that a second worker has the same attempt: the later one owns the run', async () => {
  const spec = runSpec();
  await log.open(spec);
  const lose = await remember(spec);
  const before = await worker(spec, 1);
  await before.say('a1');
  await before.say('a2');
  await lose();
  const after = await worker(spec, 1);
  await after.say('b1');
  await expect(before.say('a3')).rejects.toMatchObject({ reason: 'fenced' });
  await after.say('b2');
  expect(before.refusals).toEqual(['fenced']);
  expect(after.refusals).toEqual([]);
  expect(await told(spec)).toEqual(['run.queued', 'run.started', 'b1', 'b2']);
});

test('more was in it than the writer has: refused as lost', async () => {
  const spec = runSpec();
  await log.open(spec);
  const lose = await remember(spec);
  await (await worker(spec, 1)).say('of another worker');
  const { say, refusals } = await worker(spec, 2);
  await lose();
  await expect(say('more')).rejects.toMatchObject({ reason: 'lost' });
  expect(refusals).toEqual(['lost']);
});

test('a backlog of more events than a call may have arrives whole', async () => {
  const specs = Array.from({ length: 40 }, () => runSpec());
  const writers = runWriters(log);
  const flushes = specs.map(async (spec) => {
    await log.open(spec);
    await log.claim(spec.runId, 1, 'w');
    const writer = writers.open({
      runId: spec.runId,
      attempt: 1,
      lastSeq: 1,
      instance: spec.instance,
      onCancel: () => undefined,
      onRefused: () => undefined,
    });
    // Events of different calls do not merge.
    for (let i = 0; i < 4_000; i++)
      void writer.emit({ type: 'tool_call.arguments.delta', step: 1, callId: `c${i % 2}`, delta: '.' });
    await writer.flushed();
  });
  await Promise.all(flushes);
  for (const { runId } of specs) expect((await log.head(runId))?.lastSeq).toBe(4_001);
});
