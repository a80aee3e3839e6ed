import { memoryApprovalMemory, memoryPersistQueue, memoryRunLog, memoryRunQueue, memorySessionTurns } from '#libs/bus';
import { pino } from 'pino';
import type { DutyPorts } from '../../../apps/scheduler/src/duties/duty.js';
import { persistUnconfirmed } from '../../../apps/scheduler/src/duties/persist-unconfirmed.js';
import { runSpec } from '../../support/run-spec.js';

const NOW = 1_790_000_000_000;

function setUp() {
  const log = memoryRunLog();
  const persist = memoryPersistQueue();
  const ports: DutyPorts = {
    log,
    queue: memoryRunQueue(),
    persist: { ...persist, depth: async () => 0 },
    sessionTurns: memorySessionTurns(),
    approvals: memoryApprovalMemory(),
    logger: pino({ level: 'silent' }),
    now: () => NOW,
  };
  const duty = persistUnconfirmed();
  return {
    log,
    persist,
    look: (changed: Partial<DutyPorts> = {}) => duty.run({ ...ports, ...changed }, new AbortController().signal),
    async open(ageSeconds: number, hasEnded: boolean) {
      const spec = runSpec({ createdAt: NOW - ageSeconds * 1_000 });
      await log.open(spec);
      if (hasEnded) await log.end(spec.runId, { type: 'run.completed', finishReason: 'stop' });
      return spec.runId;
    },
  };
}

describe('persist-unconfirmed', () => {
  test('ended runs that the store has not confirmed are enqueued again; live, young and confirmed ones are not', async () => {
    const { log, persist, look, open } = setUp();
    const forgotten = [await open(40, true), await open(20, true)];
    await open(40, false);
    await open(10, true);
    await log.confirmPersisted([await open(40, true)]);
    await look();
    expect(persist.runIds).toEqual(forgotten);
  });

  test('nothing is enqueued while many batches wait for the store', async () => {
    const { persist, look, open } = setUp();
    const forgotten = await open(40, true);
    await look({ persist: { ...persist, depth: async () => 21 } });
    expect(persist.runIds).toEqual([]);
    await look({ persist: { ...persist, depth: async () => 20 } });
    expect(persist.runIds).toEqual([forgotten]);
  });

  test('a forgotten run behind more live ones than a page holds is found', async () => {
    const { persist, look, open } = setUp();
    for (let i = 0; i < 1_100; i++) await open(60, false);
    const forgotten = await open(20, true);
    await look();
    expect(persist.runIds).toEqual([forgotten]);
  });
});
