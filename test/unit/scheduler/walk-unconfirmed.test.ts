import { memoryRunLog } from '#libs/bus';
import { UnconfirmedWalk } from '../../../apps/scheduler/src/walk-unconfirmed.js';
import { runSpec } from '../../support/run-spec.js';

const RUNS = 10_700;

describe('walking the index of unconfirmed runs', () => {
  test('a long index takes several bounded looks, each going on where the one before ended', async () => {
    const log = memoryRunLog();
    const wanted: string[] = [];
    for (let i = 0; i < RUNS; i++) {
      const runId = `run_${String(i).padStart(6, '0')}`;
      await log.open(runSpec({ runId, createdAt: 1_000 + i }));
      wanted.push(runId);
    }
    const walk = new UnconfirmedWalk();
    const look = async (openedBefore = Infinity): Promise<string[]> => {
      const runIds: string[] = [];
      for await (const page of walk.look(log, openedBefore, new AbortController().signal)) {
        expect(page.length).toBeLessThanOrEqual(500);
        runIds.push(...page.map(({ runId }) => runId));
      }
      return runIds;
    };
    expect(await look()).toEqual(wanted.slice(0, 10_000));
    expect(walk.lapDone).toBe(false);
    expect(await look()).toEqual(wanted.slice(10_000));
    expect(walk.lapDone).toBe(true);
    expect(await look(1_002)).toEqual(wanted.slice(0, 3));
  });

  test('when the run at the cursor was confirmed meanwhile, the next lap begins at the start', async () => {
    const log = memoryRunLog();
    for (let i = 0; i < 1_000; i++) await log.open(runSpec({ runId: `run_${1_000 + i}`, createdAt: i }));
    const walk = new UnconfirmedWalk();
    const first: string[] = [];
    for await (const page of walk.look(log, Infinity, new AbortController().signal)) {
      first.push(...page.map(({ runId }) => runId));
      await log.confirmPersisted(['run_1499']);
    }
    expect(first).toHaveLength(500);
    expect(walk.lapDone).toBe(true);
    const second: string[] = [];
    for await (const page of walk.look(log, Infinity, new AbortController().signal)) {
      second.push(...page.map(({ runId }) => runId));
    }
    expect(second).toHaveLength(999);
  });
});
