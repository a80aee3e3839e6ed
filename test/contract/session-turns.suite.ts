import type { SessionRef, SessionTurns, TurnRequest } from '#libs/contract';
import { newRunId } from '#libs/runs';
import fc from '../support/property.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { withSlack } from '../support/slack.js';

/** Until a run that entered and is not ready loses its place, in the implementations under test. */
export const OPENING_MS = withSlack(250);

let count = 0;
const newSession = (): SessionRef => ({ owner: 'alice', sessionId: `s-${++count}-${newRunId()}` });

/** What every implementation of the session turns has to do; run on memory and on Redis. */
export function sessionTurnsSuite(name: string, get: () => SessionTurns): void {
  describe(`session turns: ${name}`, () => {
    const enter = (session: SessionRef, runId: string, fields: Partial<TurnRequest> = {}) =>
      get().enter({ session, runId, whenBusy: 'wait', waitingMax: 3, last: null, ...fields });
    /** Enters and is ready, as an opener that nothing befalls. */
    const join = async (session: SessionRef, fields: Partial<TurnRequest> = {}) => {
      const runId = newRunId();
      const entry = await enter(session, runId, fields);
      if (entry.kind !== 'entered') throw new Error(`not entered: ${entry.kind}`);
      return { runId, ...entry, ready: await get().ready(session, runId) };
    };

    test('the first turn comes at once; the others wait in order, each continuing the one before', async () => {
      const session = newSession();
      const [a, b, c] = [await join(session), await join(session), await join(session)];
      expect([a.ready, b.ready, c.ready]).toEqual(['turn', 'waits', 'waits']);
      expect([a.parentId, b.parentId, c.parentId]).toEqual([undefined, a.runId, b.runId]);
      expect(b.createdAt).toBeGreaterThan(a.createdAt);
      expect(c.createdAt).toBeGreaterThan(b.createdAt);
      const last = { runId: c.runId, createdAt: c.createdAt };
      expect(await get().state(session)).toEqual({ active: a.runId, waiting: [b.runId, c.runId], last });
      expect(await get().leave(session, a.runId)).toBe(b.runId);
      expect(await get().leave(session, b.runId)).toBe(c.runId);
      expect(await get().leave(session, c.runId)).toBeUndefined();
      expect(await get().state(session)).toEqual({ waiting: [], last });
    });

    test('a turn after an idle time continues the last one', async () => {
      const session = newSession();
      const a = await join(session);
      await get().leave(session, a.runId);
      expect(await join(session, { last: { runId: 'stale', createdAt: 1 } })).toMatchObject({
        parentId: a.runId,
        ready: 'turn',
      });
    });

    test('a session without a record asks for what the store knows, and goes on from there', async () => {
      const session = newSession();
      const runId = newRunId();
      expect(await get().enter({ session, runId, whenBusy: 'wait', waitingMax: 3 })).toEqual({ kind: 'unknown' });
      const future = Date.now() + 60_000;
      const entry = await enter(session, runId, { last: { runId: 'run_old', createdAt: future } });
      expect(entry).toEqual({ kind: 'entered', parentId: 'run_old', createdAt: future + 1 });
    });

    test('owners do not share a session', async () => {
      const session = newSession();
      await join(session);
      expect(await join({ ...session, owner: 'bob' })).toMatchObject({ ready: 'turn' });
    });

    test('reject is refused while there is a turn, waiting while the line is full', async () => {
      const session = newSession();
      const a = await join(session);
      expect(await enter(session, newRunId(), { whenBusy: 'reject' })).toEqual({ kind: 'busy' });
      for (let i = 0; i < 3; i++) await join(session);
      expect(await enter(session, newRunId())).toEqual({ kind: 'full' });
      await get().leave(session, a.runId);
      expect((await join(session)).ready).toBe('waits');
    });

    test('between enter and ready nobody else gets a place; the same run gets the same answer', async () => {
      const session = newSession();
      const runId = newRunId();
      const entry = await enter(session, runId);
      expect(await enter(session, newRunId())).toEqual({ kind: 'opening' });
      expect(await enter(session, newRunId(), { whenBusy: 'reject' })).toEqual({ kind: 'busy' });
      expect(await enter(session, runId)).toEqual(entry);
      expect([await get().ready(session, runId), await get().ready(session, runId)]).toEqual(['turn', 'turn']);
    });

    test('a run that was never opened leaves no trace', async () => {
      const session = newSession();
      const a = await join(session);
      const runId = newRunId();
      await enter(session, runId);
      expect(await get().leave(session, runId)).toBeUndefined();
      expect(await get().ready(session, runId)).toBe('evicted');
      expect((await join(session)).parentId).toBe(a.runId);
    });

    test('an opener that died is put out, and nobody continues its run', async () => {
      const session = newSession();
      const a = await join(session);
      const dead = newRunId();
      await enter(session, dead);
      await sleep(OPENING_MS + 20);
      const b = await join(session);
      expect(b).toMatchObject({ parentId: a.runId, ready: 'waits' });
      expect(await get().ready(session, dead)).toBe('evicted');
      expect(await get().leave(session, a.runId)).toBe(b.runId);
    });

    test('repeated calls answer alike: a lost reply loses no turn', async () => {
      const session = newSession();
      const [a, b] = [await join(session), await join(session)];
      expect(await get().ready(session, b.runId)).toBe('waits');
      expect([await get().leave(session, a.runId), await get().leave(session, a.runId)]).toEqual([b.runId, b.runId]);
      expect((await get().state(session)).active).toBe(b.runId);
    });

    test('a waiting run that leaves gives nobody a turn', async () => {
      const session = newSession();
      const [a, b, c] = [await join(session), await join(session), await join(session)];
      expect(await get().leave(session, b.runId)).toBeUndefined();
      expect(await get().leave(session, a.runId)).toBe(c.runId);
    });

    test('a session is forgotten only without turns', async () => {
      const session = newSession();
      const a = await join(session);
      expect(await get().forget(session)).toBe(false);
      await get().leave(session, a.runId);
      await enter(session, newRunId());
      expect(await get().forget(session)).toBe(false);
      await sleep(OPENING_MS + 20);
      const b = await join(session);
      await get().leave(session, b.runId);
      expect(await get().forget(session)).toBe(true);
      expect(await get().state(session)).toEqual({ waiting: [] });
    });

    test('sessions with turns are listed until they are settled, those looked at longest ago first', async () => {
      const session = newSession();
      const a = await join(session);
      const find = async () => {
        const rows = await get().unsettled(1_000);
        expect(rows.map(({ since }) => since)).toEqual(rows.map(({ since }) => since).sort((x, y) => x - y));
        return rows.find(({ sessionId }) => sessionId === session.sessionId);
      };
      const first = await find();
      if (!first) throw new Error('not listed');
      await sleep(5);
      await get().settle(first, true);
      const second = await find();
      expect(second?.since).toBeGreaterThan(first.since);
      await get().settle(first, false);
      expect(await find()).toEqual(second);
      await get().leave(session, a.runId);
      if (second) await get().settle(second, false);
      expect(await find()).toBeUndefined();
    });

    test('whatever interleaves, runs take their turns one at a time, in the order of their parents', async () => {
      const behaviours = fc.constantFrom('run', 'run', 'run', 'leave twice', 'cancel waiting', 'never open', 'die');
      const actors = fc.array(fc.record({ behaviour: behaviours, delay: fc.nat(3) }), { minLength: 2, maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(actors, async (plan) => playTurns(get(), plan)),
        { numRuns: 15 },
      );
    });
  });
}

interface Actor {
  readonly behaviour: 'run' | 'leave twice' | 'cancel waiting' | 'never open' | 'die';
  readonly delay: number;
}

/** Plays all actors at once on one session and checks what each of them saw. */
async function playTurns(turns: SessionTurns, plan: readonly Actor[]): Promise<void> {
  const session = newSession();
  const parents = new Map<string, string | undefined>();
  const openRuns = new Set<string>();
  const order: string[] = [];
  const running = new Set<string>();
  const queue: string[] = [];
  const left = new Set<string>();
  const pause = (ms: number): Promise<unknown> => sleep(ms);

  const take = async (runId: string, actor: Actor): Promise<void> => {
    while (!queue.includes(runId)) await pause(1);
    running.add(runId);
    expect([...running]).toEqual([runId]);
    order.push(runId);
    await pause(actor.delay);
    running.delete(runId);
    left.add(runId);
    for (let i = 0; i < (actor.behaviour === 'leave twice' ? 2 : 1); i++) {
      const next = await turns.leave(session, runId);
      if (next !== undefined && !left.has(next) && !queue.includes(next)) queue.push(next);
    }
  };
  const play = async (actor: Actor): Promise<void> => {
    const runId = newRunId();
    await pause(actor.delay);
    for (;;) {
      const entry = await turns.enter({ session, runId, whenBusy: 'wait', waitingMax: 100, last: null });
      if (entry.kind === 'entered') {
        parents.set(runId, entry.parentId);
        break;
      }
      expect(entry.kind).toBe('opening');
      await pause(1);
    }
    if (actor.behaviour === 'die') return;
    if (actor.behaviour === 'never open') {
      expect(await turns.leave(session, runId)).toBeUndefined();
      return;
    }
    openRuns.add(runId);
    const readiness = await turns.ready(session, runId);
    if (readiness === 'evicted') {
      // This machine paused for longer than the opening time: the run has no place, and nobody continues it.
      openRuns.delete(runId);
      return;
    }
    if (readiness === 'turn') queue.push(runId);
    if (actor.behaviour === 'cancel waiting' && readiness === 'waits' && !queue.includes(runId)) {
      // Its turn may have come meanwhile; then leaving is the end of a turn.
      const next = await turns.leave(session, runId);
      left.add(runId);
      if (next !== undefined && next !== runId && !queue.includes(next)) queue.push(next);
      if (next === undefined || next !== runId) return;
    }
    await take(runId, actor);
  };
  await Promise.all(plan.map(play));

  // Every run that opened, and was not taken back while it waited, had its turn, once.
  expect(new Set(order).size).toBe(order.length);
  for (const runId of openRuns) expect(order.includes(runId) || left.has(runId)).toBe(true);
  // Each continues a run that was opened: its predecessor in the line.
  for (const runId of openRuns) {
    const parent = parents.get(runId);
    if (parent !== undefined) expect(openRuns).toContain(parent);
  }
  // The order of execution is the order of the chain of parents.
  const depth = (runId: string): number => {
    const parent = parents.get(runId);
    return parent === undefined ? 0 : depth(parent) + 1;
  };
  const depths = order.map(depth);
  expect(depths).toEqual([...depths].sort((a, b) => a - b));
  expect(new Set(depths).size).toBe(depths.length);
  expect(await turns.state(session)).toMatchObject({ waiting: [] });
  expect((await turns.state(session)).active).toBeUndefined();
}
