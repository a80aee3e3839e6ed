import { memoryApprovalMemory, memoryPersistQueue, memoryRunLog, memoryRunQueue, memorySessionTurns } from '#libs/bus';
import { NO_USAGE, type RunLog } from '#libs/contract';
import { pino } from 'pino';
import type { DutyPorts } from '../../../apps/scheduler/src/duties/duty.js';
import { failLostRuns } from '../../../apps/scheduler/src/duties/fail-lost-runs.js';
import { runSpec } from '../../support/run-spec.js';

const START = 1_790_000_000_000;

function setUp() {
  let now = START;
  const log = memoryRunLog();
  const runs = memoryRunQueue();
  const persist = memoryPersistQueue();
  const ports: DutyPorts = {
    log,
    queue: runs,
    persist,
    sessionTurns: memorySessionTurns(),
    approvals: memoryApprovalMemory(),
    logger: pino({ level: 'silent' }),
    now: () => now,
  };
  const duty = failLostRuns();
  return {
    log,
    runs,
    persist,
    ports,
    async lookAt(secondsAfterStart: number, changed: Partial<DutyPorts> = {}) {
      now = START + secondsAfterStart * 1_000;
      await duty.run({ ...ports, ...changed }, new AbortController().signal);
    },
    async open(runId?: string, createdAt = START) {
      const spec = runSpec({ createdAt, ...(runId !== undefined && { runId }) });
      await log.open(spec);
      return spec.runId;
    },
    ended: async (runId: string) => (await log.head(runId))?.ended,
  };
}

describe('fail-lost-runs', () => {
  test('a run without a job at two looks is ended and enqueued for the store', async () => {
    const { open, lookAt, log, ended, persist } = setUp();
    const runId = await open();
    await lookAt(31);
    expect(await ended(runId)).toBe(false);
    await lookAt(41);
    const last = (await log.read(runId, 0)).at(-1);
    expect(last).toMatchObject({ type: 'run.failed', error: { code: 'worker_lost' } });
    expect(persist.runIds).toEqual([runId]);
    await lookAt(51);
    expect(persist.runIds).toEqual([runId]);
  });

  test('a young run, and a run that has a job, are left alone', async () => {
    const { open, lookAt, runs, ended } = setUp();
    const [young, queued] = [await open(undefined, START + 60_000), await open()];
    await runs.enqueue(queued);
    for (const seconds of [31, 42, 53, 64, 75, 86]) await lookAt(seconds);
    expect([await ended(young), await ended(queued)]).toEqual([false, false]);
  });

  test('two looks less than ten seconds apart are one', async () => {
    const { open, lookAt, ended } = setUp();
    const runId = await open();
    await lookAt(31);
    await lookAt(35);
    await lookAt(40);
    expect(await ended(runId)).toBe(false);
    await lookAt(41);
    expect(await ended(runId)).toBe(true);
  });

  test('a run that had a job in between is suspected anew', async () => {
    const { open, lookAt, runs, ended } = setUp();
    const runId = await open();
    await lookAt(31);
    await runs.enqueue(runId);
    await lookAt(41);
    runs.take();
    await lookAt(51);
    expect(await ended(runId)).toBe(false);
    await lookAt(61);
    expect(await ended(runId)).toBe(true);
  });

  test('looks before and after one that failed are not two in a row', async () => {
    const { open, lookAt, runs, ended } = setUp();
    const runId = await open();
    await lookAt(31);
    const away = { ...runs, withJob: () => Promise.reject(new Error('redis is away')) };
    await expect(lookAt(41, { queue: away })).rejects.toThrow('redis is away');
    await lookAt(51);
    expect(await ended(runId)).toBe(false);
    await lookAt(61);
    expect(await ended(runId)).toBe(true);
  });

  test('a run that ends by itself in the last moment keeps its own end', async () => {
    const { open, lookAt, log, persist } = setUp();
    const runId = await open();
    await lookAt(31);
    // After the look at its head and before the reconciler's own end.
    const late = new Proxy(log, {
      get: (target, name) =>
        name === 'end'
          ? async (...args: Parameters<RunLog['end']>) => {
              await target.end(runId, { type: 'run.cancelled', reason: 'requested' });
              return target.end(...args);
            }
          : Reflect.get(target, name).bind(target),
    });
    await lookAt(41, { log: late });
    expect((await log.read(runId, 0)).map((event) => event.type)).toEqual(['run.queued', 'run.cancelled']);
    expect(persist.runIds).toEqual([]);
  });

  test('runs whose log is gone leave the index after two looks', async () => {
    const { open, lookAt, log } = setUp();
    const [gone, there] = [await open('run_gone'), await open('run_there')];
    const expired = new Proxy(log, {
      get: (target, name) =>
        name === 'head'
          ? async (runId: string) => (runId === gone ? undefined : target.head(runId))
          : Reflect.get(target, name).bind(target),
    });
    const index = (): Promise<string[]> => log.unconfirmed(START, 10);
    await lookAt(31, { log: expired });
    expect(await index()).toEqual([gone, there]);
    await lookAt(41, { log: expired });
    expect(await index()).toEqual([there]);
  });

  test('a lost run behind more live ones than a page holds is found', async () => {
    const { open, lookAt, runs, ended } = setUp();
    for (let i = 0; i < 1_200; i++) await runs.enqueue(await open(`run_${i}`));
    const lost = await open('run_lost', START + 500);
    await lookAt(31);
    await lookAt(41);
    expect(await ended(lost)).toBe(true);
    expect(await ended('run_0')).toBe(false);
  });

  test('two schedulers that look at the same time end a run once', async () => {
    const { open, ports, log, persist } = setUp();
    const runId = await open();
    const both = [failLostRuns(), failLostRuns()];
    for (const seconds of [31, 41]) {
      const at = { ...ports, now: () => START + seconds * 1_000 };
      await Promise.all(both.map((duty) => duty.run(at, new AbortController().signal)));
    }
    expect((await log.read(runId, 0)).map((event) => event.type)).toEqual(['run.queued', 'run.failed']);
    expect(persist.runIds).toEqual([runId]);
  });

  test('a parked run is not lost; when its job is, it gets it again, and an answered one is woken at once', async () => {
    const { open, lookAt, log, runs, ended } = setUp();
    const park = async (): Promise<string> => {
      const runId = await open();
      await log.claim(runId, 1, 'w');
      const event = { type: 'run.parked', step: 1, usage: NO_USAGE } as const;
      const parking = { runId, attempt: 1, event, deadline: START + 900_000, generation: 1, approvalIds: ['apr_1'] };
      await runs.enqueueParked({ runId, generation: 1 }, 900_000);
      expect(await log.park(parking)).toBe('parked');
      return runId;
    };
    const [asleep, jobless, answered] = [await park(), await park(), await park()];
    await runs.remove(jobless, 1);
    await log.answer(answered, 'apr_1', 'once');
    await lookAt(31);
    expect(runs.take()).toBe(answered);
    await log.claim(answered, 1_001, 'w', { generation: 1 });
    expect(runs.take()).toBeUndefined();
    await lookAt(42);
    expect(runs.take()).toBe(jobless);
    expect(runs.take()).toBeUndefined();
    expect([await ended(asleep), await ended(jobless)]).toEqual([false, false]);
  });
});
