import { memoryLiveHub, memoryRunLog, memoryRunQueue } from '#libs/bus';
import { GatewayError, NO_USAGE, type LoggedEvent } from '#libs/contract';
import { newRunId, openRun } from '#libs/runs';
import { failingLog, redisAway } from '../../support/failing-log.js';
import { memoryRuns } from '../../support/memory-runs.js';
import { runSnapshot } from '../../support/run-snapshot.js';
import { runSpec } from '../../support/run-spec.js';
import { scriptedWorker } from '../../support/scripted-worker.js';

const never = new AbortController().signal;

describe('Runs', () => {
  test('a run that cannot be queued is ended and on its way into the store', async () => {
    const queue = { ...memoryRunQueue(), enqueue: () => Promise.reject(redisAway()) };
    const { log, persist, ports } = memoryRuns({ queue });
    const spec = runSpec({ instance: 'here' });
    await expect(openRun(ports, spec)).rejects.toMatchObject({ code: 'queue_unavailable' });
    expect((await log.read(spec.runId, 0)).at(-1)).toMatchObject({
      type: 'run.failed',
      error: { code: 'queue_unavailable' },
    });
    expect(persist.runIds).toEqual([spec.runId]);
  });

  test('a run that is opened twice is queued once', async () => {
    const { queue, ports } = memoryRuns();
    const spec = runSpec({ instance: 'here' });
    expect([await openRun(ports, spec), await openRun(ports, spec)]).toEqual(['opened', 'exists']);
    expect([queue.take(), queue.take()]).toEqual([spec.runId, undefined]);
  });

  test('a listener goes on where it was when the log was away for a while', async () => {
    const log = memoryRunLog();
    const { runs, ports } = memoryRuns({ log: failingLog(log, 'read', 2), hub: memoryLiveHub(log, 'here') });
    const spec = runSpec({ instance: 'here' });
    await openRun(ports, spec);
    await (await scriptedWorker(log, spec.runId)).answer('a', 'b', 'c');
    const seen: LoggedEvent[] = [];
    const take = (batch: readonly LoggedEvent[]): undefined => void seen.push(...batch);
    await runs.follow({ runId: spec.runId, instance: 'here', after: 0 }, take, never);
    expect(seen.map((event) => event.seq)).toEqual(seen.map((_, i) => i + 1));
    expect(seen.at(-1)?.type).toBe('run.completed');
  });

  test('a fault of the listener is not taken for an outage', async () => {
    const { runs, ports } = memoryRuns();
    const spec = runSpec({ instance: 'here' });
    await openRun(ports, spec);
    const broken = (): undefined => {
      throw new TypeError('broken');
    };
    await expect(runs.follow({ runId: spec.runId, instance: 'here', after: 0 }, broken, never)).rejects.toThrow(
      TypeError,
    );
  });

  test('a cancelled queued run leaves the queue', async () => {
    const { runs, queue, persist, log, ports } = memoryRuns();
    const spec = runSpec({ instance: 'here' });
    await openRun(ports, spec);
    expect(await runs.stop(spec.runId, 'alice')).toBe('cancelled');
    expect(queue.take()).toBeUndefined();
    expect(persist.runIds).toEqual([spec.runId]);
    expect((await log.head(spec.runId))?.ended).toBe(true);
  });

  test('a parked run that is stopped makes room for another one of its key', async () => {
    const left: string[][] = [];
    const approvals = { leaveWait: async (...who: string[]) => void left.push(who) };
    const { runs, log, ports } = memoryRuns({ approvals });
    const spec = runSpec({ instance: 'here', owner: 'alice' });
    await openRun(ports, spec);
    await log.claim(spec.runId, 1, 'worker');
    const event = { type: 'run.parked', step: 1, usage: NO_USAGE } as const;
    const deadline = Date.now() + 60_000;
    await log.park({ runId: spec.runId, attempt: 1, event, deadline, generation: 1, approvalIds: ['appr_1'] });
    expect(await runs.stop(spec.runId, 'alice')).toBe('cancelled');
    expect(left).toEqual([['alice', spec.runId]]);
  });

  test('a run is found by its owner only, in the log and in the store', async () => {
    const kept = runSnapshot({ owner: 'alice' });
    const { runs, ports } = memoryRuns({ store: { run: async (runId) => (runId === kept.runId ? kept : undefined) } });
    const spec = runSpec({ instance: 'here' });
    await openRun(ports, spec);
    expect(await runs.get(spec.runId, 'alice')).toMatchObject({ runId: spec.runId, status: 'queued' });
    expect(await runs.get(kept.runId, 'alice')).toEqual(kept);
    const failures = await Promise.all(
      [spec.runId, kept.runId, newRunId(), 'x', '../../runs'].map((runId) =>
        runs.get(runId, 'bob').then(
          () => 'found',
          (error: GatewayError) => `${error.code}: ${error.message}`,
        ),
      ),
    );
    expect(new Set(failures)).toEqual(new Set(['run_not_found: There is no run with this id.']));
  });
});
