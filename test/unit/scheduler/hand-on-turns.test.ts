import { memoryApprovalMemory, memoryPersistQueue, memoryRunLog, memoryRunQueue, memorySessionTurns } from '#libs/bus';
import { pino } from 'pino';
import type { DutyPorts } from '../../../apps/scheduler/src/duties/duty.js';
import { failLostRuns } from '../../../apps/scheduler/src/duties/fail-lost-runs.js';
import { handOnTurns } from '../../../apps/scheduler/src/duties/hand-on-turns.js';
import { runSpec } from '../../support/run-spec.js';
import { scriptedWorker } from '../../support/scripted-worker.js';

const START = 1_790_000_000_000;
const session = { owner: 'alice', sessionId: 's' };

function setUp() {
  let now = START;
  const clock = (): number => now;
  const log = memoryRunLog();
  const runs = memoryRunQueue();
  const turns = memorySessionTurns(undefined, clock);
  const persist = memoryPersistQueue();
  const ports: DutyPorts = {
    log,
    queue: runs,
    persist,
    sessionTurns: turns,
    approvals: memoryApprovalMemory(),
    logger: pino({ level: 'silent' }),
    now: clock,
  };
  const duties = [handOnTurns(), failLostRuns()];
  return {
    log,
    runs,
    turns,
    ports,
    /** A turn as the API opens it. */
    async join() {
      const spec = runSpec({ ...session, inTurn: true, createdAt: now });
      const { runId } = spec;
      await turns.enter({ session, runId, whenBusy: 'wait', waitingMax: 9, last: null });
      await log.open(spec);
      return { runId, place: await turns.ready(session, runId) };
    },
    async lookAt(secondsAfterStart: number) {
      now = START + secondsAfterStart * 1_000;
      for (const duty of duties) await duty.run(ports, new AbortController().signal);
    },
    active: async () => (await turns.state(session)).active,
    ended: async (runId: string) => (await log.head(runId))?.ended,
  };
}

describe('turns that nobody handed on', () => {
  test('the active run has ended: the next one is queued', async () => {
    const { join, lookAt, log, runs, active } = setUp();
    const [a, b] = [await join(), await join()];
    await (await scriptedWorker(log, a.runId)).answer('done');
    await lookAt(5);
    expect(await active()).toBe(b.runId);
    expect(runs.take()).toBe(b.runId);
  });

  test('the log of the active run is gone: the next one is queued', async () => {
    const { join, lookAt, log, runs } = setUp();
    const [a, b] = [await join(), await join()];
    await log.remove([a.runId]);
    await lookAt(5);
    expect(runs.take()).toBe(b.runId);
  });

  test('the active run was never queued: it is queued, not failed', async () => {
    const { join, lookAt, runs, ended } = setUp();
    const a = await join();
    expect(a.place).toBe('turn');
    await lookAt(5);
    expect(await runs.depth()).toBe(1);
    for (const seconds of [31, 42, 53]) await lookAt(seconds);
    expect([await ended(a.runId), await runs.depth()]).toEqual([false, 1]);
  });

  test('a turn that goes on is left alone, and those who wait for it are not failed, however long it takes', async () => {
    const { join, lookAt, log, runs, active, ended } = setUp();
    const [a, b] = [await join(), await join()];
    await runs.enqueue(a.runId);
    await scriptedWorker(log, a.runId);
    for (const seconds of [5, 31, 42, 53, 600, 1_200]) await lookAt(seconds);
    expect(await active()).toBe(a.runId);
    expect([await ended(a.runId), await ended(b.runId)]).toEqual([false, false]);
  });

  test('an active run that is lost is failed, and the turn handed on', async () => {
    const { join, lookAt, log, runs, ended } = setUp();
    const [a, b] = [await join(), await join()];
    await scriptedWorker(log, a.runId);
    await lookAt(31);
    await lookAt(42);
    expect(await ended(a.runId)).toBe(true);
    expect(runs.take()).toBe(b.runId);
    expect(await ended(b.runId)).toBe(false);
  });

  test('a session without turns is looked at no more', async () => {
    const { join, lookAt, log, turns } = setUp();
    const a = await join();
    await (await scriptedWorker(log, a.runId)).answer('done');
    await lookAt(5);
    expect(await turns.unsettled(10)).toHaveLength(1);
    await lookAt(10);
    expect(await turns.unsettled(10)).toEqual([]);
  });
});
