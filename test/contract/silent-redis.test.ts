import { bullRunQueue, connectRedis, redisLiveHub, startRunWorker } from '#libs/bus';
import { startRedis, type TestRedis } from '../support/redis.js';
import { tcpHole } from '../support/tcp-hole.js';
import { until } from '../support/until.js';

/** A Redis whose host vanishes sends no reset, so only silence tells that it is gone. */
let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());

test.each(['api', 'worker', 'subscriber'] as const)(
  'an idle connection of role %s notices it',
  async (role) => {
    const hole = await tcpHole(redis.port);
    const connection = connectRedis({ url: `redis://127.0.0.1:${hole.port}`, prefix: 't', role });
    await until(() => connection.redis.status === 'ready');
    let closed = 0;
    connection.redis.on('close', () => closed++);
    hole.swallow();
    await until(() => closed > 0 && connection.redis.status === 'ready', { what: 'a new connection', ms: 30_000 });
    connection.close();
    await hole.close();
  },
  40_000,
);

test('a worker that waits for runs, and the channel of a process, come back by themselves', async () => {
  const hole = await tcpHole(redis.port);
  const url = `redis://127.0.0.1:${hole.port}`;
  const connection = connectRedis({ url, prefix: 't', role: 'worker' });
  const subscriber = connectRedis({ url, prefix: 't', role: 'subscriber' });
  const direct = connectRedis({ url: redis.url, prefix: 't', role: 'worker' });
  const hub = redisLiveHub(subscriber, 'here');
  const queue = bullRunQueue(direct);
  const taken: string[] = [];
  const worker = startRunWorker({
    connection,
    concurrency: 1,
    handle: async ({ runId }) => (taken.push(runId), 'done'),
    onFailed: () => undefined,
    onError: () => undefined,
  });
  await queue.enqueue('run_before');
  await until(() => taken.length === 1);
  const heard: number[] = [];
  await hub.watch('run_live', 'here', (events) => void heard.push(events.length));
  hole.swallow();
  await queue.enqueue('run_after');
  await until(() => taken.includes('run_after'), { what: 'the run to be taken', ms: 40_000 });
  const tell = (): Promise<number> => direct.redis.publish(direct.keys.live('here'), 'run_live\n{"seq":1}');
  await until(async () => (await tell()) > 0 && heard.includes(1), { what: 'the channel', ms: 30_000 });
  await worker.drain(0);
  await Promise.all([queue.close(), hub.close()]);
  for (const one of [connection, direct]) one.close();
  await hole.close();
}, 80_000);
