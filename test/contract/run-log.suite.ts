import { runWriters } from '#libs/bus';
import {
  isTerminal,
  type Idempotency,
  type LiveHub,
  type LoggedEvent,
  type RunEvent,
  type RunLog,
  type RunWriter,
} from '#libs/contract';
import { tailRun } from '#libs/runs';
import { setImmediate as turn } from 'node:timers/promises';
import { runSpec } from '../support/run-spec.js';
import { until } from '../support/until.js';

export interface RunLogUnderTest {
  readonly log: RunLog;
  /** Those that the log marks. */
  readonly keys: Idempotency;
  /** A hub of another process than the one that opened the run, and one of the same. */
  readonly foreignHub: LiveHub;
  readonly ownHub: LiveHub;
}

const text = (n: number): RunEvent => ({ type: 'text.delta', step: 1, text: `${n} ` });
const logged = (seq: number, event: RunEvent): string => JSON.stringify({ seq, at: 1, ...event });
const DONE: RunEvent = { type: 'run.completed', finishReason: 'stop' };

/** What every implementation of the run log has to do; run on memory and on Redis. */
export function runLogSuite(name: string, get: () => RunLogUnderTest): void {
  describe(`run log: ${name}`, () => {
    const open = async (fields = {}) => {
      const spec = runSpec({ instance: get().ownHub.instance, ...fields });
      expect(await get().log.open(spec)).toBe('opened');
      return spec;
    };
    const append = async (runId: string, attempt: number, firstSeq: number, events: readonly RunEvent[]) => {
      const texts = events.map((event, i) => logged(firstSeq + i, event));
      const terminal = events.some(isTerminal);
      const batch = { runId, attempt, firstSeq, events: texts, terminal };
      // As a writer does: what the last reply said is given back, if nothing came in between.
      const tip = tips.get(`${runId} ${attempt}`);
      const [reply] = await get().log.append([
        tip?.lastSeq === firstSeq - 1
          ? { ...batch, tip: { bytes: tip.bytes, instance: get().ownHub.instance } }
          : batch,
      ]);
      if (reply?.kind !== 'ok') return reply;
      const { bytes, ...rest } = reply;
      tips.set(`${runId} ${attempt}`, { lastSeq: reply.lastSeq, bytes: bytes ?? 0 });
      return rest;
    };
    const tips = new Map<string, { lastSeq: number; bytes: number }>();
    const writer = (runId: string, lastSeq = 1, attempt = 1): RunWriter =>
      runWriters(get().log).open({
        runId,
        attempt,
        lastSeq,
        instance: get().ownHub.instance,
        onCancel: () => undefined,
        onRefused: () => undefined,
      });

    test('a new log holds run.queued and remembers the spec', async () => {
      const spec = await open();
      const [first, ...rest] = await get().log.read(spec.runId, 0);
      expect(rest).toEqual([]);
      expect(first).toMatchObject({ seq: 1, at: spec.createdAt, type: 'run.queued', owner: 'alice', model: 'demo' });
      expect(await get().log.claim(spec.runId, 1, 'w1')).toEqual({
        kind: 'claimed',
        lastSeq: 1,
        bytes: JSON.stringify(first).length,
        claims: 0,
        spec,
        controls: { answers: new Map(), steers: [] },
      });
    });

    test('the order of a run can be read while its log lives', async () => {
      const spec = await open({ parentId: 'run_before', sessionId: 's', jobId: 'j', input: [{ type: 'message' }] });
      expect(await get().log.spec(spec.runId)).toEqual(spec);
      expect(await get().log.spec('run_unknown')).toBeUndefined();
      const [queued] = await get().log.read(spec.runId, 0);
      expect(queued).toMatchObject({ parentId: 'run_before', sessionId: 's', jobId: 'j' });
      expect(queued).not.toHaveProperty('input');
    });

    test('an id that was opened under its key is never opened again, however its log went away', async () => {
      const { log, keys } = get();
      const [spec, other] = [runSpec(), runSpec()];
      const scope = `key of ${spec.runId}`;
      await keys.reserve(scope, 'f', spec.runId);
      const again = { kind: 'same', runId: spec.runId };
      expect(await keys.reserve(scope, 'f', other.runId)).toEqual({ ...again, wasOpened: false });
      // Another run's log does not mark it.
      expect(await log.open(other, { reservedIn: scope })).toBe('opened');
      expect(await keys.reserve(scope, 'f', other.runId)).toEqual({ ...again, wasOpened: false });
      expect(await log.open(spec, { reservedIn: scope })).toBe('opened');
      expect(await log.open(spec, { reservedIn: scope })).toBe('exists');
      await log.remove([spec.runId]);
      expect(await log.open(spec, { reservedIn: scope })).toBe('used');
      expect(await log.head(spec.runId)).toBeUndefined();
      expect(await keys.reserve(scope, 'f', other.runId)).toEqual({ ...again, wasOpened: true });
      expect(await keys.reserve(scope, 'another', other.runId)).toEqual({ kind: 'conflict' });
      // A run that could not be queued gives its key back, though its log was there.
      await keys.release(scope, other.runId);
      expect(await keys.reserve(scope, 'f', other.runId)).toEqual({ ...again, wasOpened: true });
      await keys.release(scope, spec.runId);
      expect(await keys.reserve(scope, 'f', other.runId)).toEqual({ kind: 'new' });
      // A key that is gone marks nothing, and keeps nobody out.
      const late = runSpec();
      expect(await log.open(late, { reservedIn: 'a key that expired' })).toBe('opened');
    });

    describe('orders of a key', () => {
      const large = (fields: object = {}) =>
        runSpec({
          instance: get().ownHub.instance,
          owner: `owner ${expect.getState().currentTestName}`,
          messages: [{ role: 'user', content: 'x'.repeat(100_000) }],
          ...fields,
        });
      const orderBytesMax = 250_000;
      const tryOne = (fields: object = {}) => get().log.open(large(fields), { orderBytesMax });
      const openLarge = async (fields: object = {}) => {
        const spec = large(fields);
        expect(await get().log.open(spec, { orderBytesMax })).toBe('opened');
        return spec.runId;
      };

      test('take so many bytes as they may, those of other keys do not count', async () => {
        await openLarge();
        const second = await openLarge();
        const refused = large();
        expect(await get().log.open(refused, { orderBytesMax })).toBe('full');
        expect(await get().log.head(refused.runId)).toBeUndefined();
        expect(await get().log.unconfirmed(Number.MAX_SAFE_INTEGER, 10_000)).not.toContain(refused.runId);
        expect(await tryOne({ owner: 'another' })).toBe('opened');
        // An id that is taken needs no room.
        expect(await tryOne({ runId: second })).toBe('exists');
      });

      test('a refusal does not use up the key that the run is reserved with', async () => {
        await openLarge();
        await openLarge();
        const spec = large();
        await get().keys.reserve(spec.runId, 'f', spec.runId);
        const terms = { orderBytesMax, reservedIn: spec.runId };
        expect(await get().log.open(spec, terms)).toBe('full');
        const reserved = { kind: 'same', runId: spec.runId, wasOpened: false };
        expect(await get().keys.reserve(spec.runId, 'f', spec.runId)).toEqual(reserved);
      });

      test('a single one is never too large', async () => {
        await openLarge({ messages: [{ role: 'user', content: 'x'.repeat(300_000) }] });
        expect(await tryOne({ messages: [] })).toBe('full');
      });

      test.each([['confirmed'], ['removed']])('count no more once the run is %s, however often', async (how) => {
        const { log } = get();
        const runIds = [await openLarge(), await openLarge()];
        expect(await tryOne()).toBe('full');
        for (const _ of [1, 2]) await (how === 'confirmed' ? log.confirmPersisted(runIds) : log.remove(runIds));
        const again = [await openLarge(), await openLarge()];
        expect(await tryOne()).toBe('full');
        await log.confirmPersisted(again);
        await openLarge();
      });

      test('are dropped once the store has them; what a reader needs stays', async () => {
        const { log } = get();
        const runId = await openLarge({ sessionId: 's', inTurn: true });
        const small = await open();
        const [before, head] = [await log.read(runId, 0), await log.head(runId)];
        await log.end(runId, { type: 'run.completed', finishReason: 'stop' });
        await log.confirmPersisted([runId, small.runId]);
        expect(await log.spec(runId)).toBeUndefined();
        expect(await log.spec(small.runId)).toEqual(small);
        expect((await log.read(runId, 0)).slice(0, before.length)).toEqual(before);
        expect(await log.head(runId)).toEqual({ ...head, ended: true, lastSeq: 2, attempt: Number.MAX_SAFE_INTEGER });
        expect(await log.open(large({ runId }))).toBe('exists');
      });

      test('that are not stored stay with their log and count until it expires', async () => {
        const { log } = get();
        const runIds = [await openLarge({ retain: false }), await openLarge({ retain: false })];
        await log.confirmPersisted(runIds);
        expect((await log.spec(runIds[0] ?? ''))?.messages).toHaveLength(1);
        expect(await tryOne()).toBe('full');
        await log.remove(runIds);
        expect(await tryOne()).toBe('opened');
      });

      test('what a log repeats of its order counts while the log is there', async () => {
        const { log } = get();
        const runId = await openLarge({ messages: [], echo: { instructions: 'x'.repeat(120_000) } });
        await log.confirmPersisted([runId]);
        expect(await tryOne()).toBe('opened');
        expect(await tryOne()).toBe('full');
      });
    });

    test('a removed run is gone altogether, others stay', async () => {
      const { log } = get();
      const [gone, kept] = [await open(), await open()];
      await log.remove([gone.runId, 'run_unknown']);
      await log.remove([]);
      expect([await log.head(gone.runId), await log.spec(gone.runId), await log.read(gone.runId, 0)]).toEqual([
        undefined,
        undefined,
        [],
      ]);
      const unconfirmed = await log.unconfirmed(Date.now() + 60_000, 10_000);
      expect([unconfirmed.includes(gone.runId), unconfirmed.includes(kept.runId)]).toEqual([false, true]);
      expect(await log.claim(kept.runId, 1, 'w')).toMatchObject({ kind: 'claimed' });
    });

    test('the head tells the session whose turn a run takes', async () => {
      const [taking, member] = [await open({ sessionId: 's', inTurn: true }), await open({ sessionId: 's' })];
      expect((await get().log.head(taking.runId))?.turnOf).toBe('s');
      expect(await get().log.head(member.runId)).not.toHaveProperty('turnOf');
    });

    test('an id is opened once', async () => {
      const spec = await open();
      expect(await get().log.open({ ...spec, owner: 'mallory' })).toBe('exists');
      expect((await get().log.head(spec.runId))?.owner).toBe('alice');
    });

    test('an unknown run has no head, no events and cannot be claimed or appended to', async () => {
      const { log } = get();
      expect(await log.head('run_unknown')).toBeUndefined();
      expect(await log.read('run_unknown', 0)).toEqual([]);
      expect(await log.claim('run_unknown', 1, 'w')).toEqual({ kind: 'unknown' });
      expect(await append('run_unknown', 1, 2, [text(1)])).toEqual({ kind: 'lost' });
      expect(await log.end('run_unknown', { type: 'run.cancelled', reason: 'requested' })).toBe(false);
      expect(await log.requestCancel('run_unknown', 'requested')).toEqual({ kind: 'unknown' });
    });

    test('a repeated append changes nothing, an overlapping one adds the rest', async () => {
      const { runId } = await open();
      expect(await append(runId, 1, 2, [text(1), text(2)])).toEqual({ kind: 'ok', lastSeq: 3 });
      expect(await append(runId, 1, 2, [text(1), text(2)])).toEqual({ kind: 'ok', lastSeq: 3 });
      expect(await append(runId, 1, 3, [text(2), text(3)])).toEqual({ kind: 'ok', lastSeq: 4 });
      expect((await get().log.read(runId, 1)).map((event) => event.seq)).toEqual([2, 3, 4]);
    });

    test('an append whose owner knows the log hears of all that was done to the run meanwhile', async () => {
      const { log } = get();
      const begun = async () => {
        const { runId } = await open();
        await log.claim(runId, 1, 'w1');
        await append(runId, 1, 2, [text(1)]);
        expect(await append(runId, 1, 3, [text(2), text(3)])).toEqual({ kind: 'ok', lastSeq: 4 });
        return runId;
      };
      const cancelled = await begun();
      await log.requestCancel(cancelled, 'requested');
      for (const seq of [5, 6]) {
        expect(await append(cancelled, 1, seq, [text(4)])).toEqual({ kind: 'ok', lastSeq: seq, cancel: 'requested' });
      }
      const ended = await begun();
      expect(await log.end(ended, { type: 'run.cancelled', reason: 'requested' })).toBe(true);
      expect(await append(ended, 1, 5, [text(4)])).toEqual({ kind: 'ended' });
      const taken = await begun();
      await log.claim(taken, 2, 'w2');
      expect(await append(taken, 1, 5, [text(4)])).toEqual({ kind: 'fenced' });
      expect(await append(taken, 2, 5, [text(4)])).toEqual({ kind: 'ok', lastSeq: 5 });
      const finished = await begun();
      expect(await append(finished, 1, 5, [DONE])).toEqual({ kind: 'ok', lastSeq: 5 });
      expect(await append(finished, 1, 6, [text(4)])).toEqual({ kind: 'ended' });
      const steered = await begun();
      await log.steer(steered, 'left');
      expect(await append(steered, 1, 5, [text(4)])).toEqual({ kind: 'ok', lastSeq: 5 });
      expect(await append(steered, 1, 6, [DONE])).toEqual({ kind: 'ok', lastSeq: 6 });
      expect((await log.read(steered, 5))[0]).toMatchObject({ type: 'run.completed', leftover: ['left'] });
    });

    test('an owner that is wrong about the log appends all the same, and is told right', async () => {
      const { log } = get();
      const { runId, instance } = await open();
      await log.claim(runId, 1, 'w1');
      const batch = { runId, attempt: 1, firstSeq: 2, events: [logged(2, text(1))], terminal: false };
      const [wrong] = await log.append([{ ...batch, tip: { bytes: 1, instance } }]);
      expect(wrong).toMatchObject({ kind: 'ok', lastSeq: 2 });
      const bytes = wrong?.kind === 'ok' ? (wrong.bytes ?? 0) : 0;
      const next = { ...batch, firstSeq: 3, events: [logged(3, text(2))], tip: { bytes, instance } };
      const right = [{ kind: 'ok', lastSeq: 3, bytes: bytes + logged(3, text(2)).length }];
      expect(await log.append([next])).toEqual(right);
      expect(await log.append([next])).toEqual(right);
      expect((await log.read(runId, 1)).map((event) => event.seq)).toEqual([2, 3]);
    });

    test.each([false, true])(
      'many runs in one call: replies in their places, every listener told once (one was cancelled: %s)',
      async (isCancelled) => {
        const { log, ownHub, foreignHub } = get();
        const runs = await Promise.all(
          [0, 1, 2, 3].map(async () => {
            const { runId, instance } = await open();
            await log.claim(runId, 1, 'w1');
            const [reply] = await log.append([
              { runId, attempt: 1, firstSeq: 2, events: [logged(2, text(1))], terminal: false },
            ]);
            return { runId, instance, bytes: reply?.kind === 'ok' ? (reply.bytes ?? 0) : 0 };
          }),
        );
        const heard: string[] = [];
        for (const { runId, instance } of runs) {
          for (const hub of [ownHub, foreignHub]) {
            await hub.watch(runId, instance, (events) => {
              // What came before the call may still be on its way.
              for (const { seq } of events) {
                if (seq > 2) heard.push(`${hub === ownHub ? 'own' : 'foreign'} ${runId} ${seq}`);
              }
            });
          }
        }
        if (isCancelled) await log.requestCancel(runs[1]?.runId ?? '', 'requested');
        // The first and the third have to be looked at, the others are named with their tips.
        const replies = await log.append(
          runs.map(({ runId, instance, bytes }, i) => {
            const events = [logged(3, text(2)), logged(4, i === 0 ? DONE : text(3))];
            const batch = { runId, attempt: 1, firstSeq: 3, events, terminal: i === 0 };
            return i === 1 || i === 3 ? { ...batch, tip: { bytes, instance } } : batch;
          }),
        );
        expect(replies).toMatchObject(runs.map(() => ({ kind: 'ok', lastSeq: 4 })));
        expect(replies.map((reply) => 'cancel' in reply)).toEqual([false, isCancelled, false, false]);
        for (const { runId } of runs) {
          expect((await log.read(runId, 1)).map(({ seq, type }) => [seq, type])).toEqual([
            [2, 'text.delta'],
            [3, 'text.delta'],
            [4, runId === runs[0]?.runId ? 'run.completed' : 'text.delta'],
          ]);
        }
        const told = runs.flatMap(({ runId }) =>
          ['own', 'foreign'].flatMap((hub) => [`${hub} ${runId} 3`, `${hub} ${runId} 4`]),
        );
        await until(() => heard.length >= told.length, { ms: 2_000 });
        expect([...heard].sort()).toEqual(told.sort());
      },
    );

    test('an append behind a hole is told how far the log goes', async () => {
      const { runId } = await open();
      expect(await append(runId, 1, 5, [text(4)])).toEqual({ kind: 'gap', lastSeq: 1 });
      expect(await get().log.read(runId, 1)).toEqual([]);
    });

    test('a stale attempt is fenced, and anybody after the end', async () => {
      const { runId } = await open();
      await get().log.claim(runId, 1, 'w1');
      await append(runId, 1, 2, [text(1)]);
      expect(await get().log.claim(runId, 2, 'w2')).toMatchObject({ kind: 'claimed', lastSeq: 2 });
      expect(await append(runId, 1, 3, [text(9)])).toEqual({ kind: 'fenced' });
      expect(await get().log.claim(runId, 1, 'w1')).toEqual({ kind: 'fenced' });
      expect(await append(runId, 2, 3, [DONE])).toEqual({ kind: 'ok', lastSeq: 3 });
      expect(await append(runId, 2, 4, [text(9)])).toEqual({ kind: 'ended' });
      expect(await append(runId, 2, 3, [DONE])).toEqual({ kind: 'ok', lastSeq: 3 });
      expect(await get().log.claim(runId, 3, 'w3')).toEqual({ kind: 'ended' });
      expect((await get().log.read(runId, 2)).map((event) => event.type)).toEqual(['run.completed']);
    });

    test('a claim begins a run of which nothing was done, once', async () => {
      const { log, foreignHub } = get();
      const { runId, instance } = await open();
      const heard: number[] = [];
      await foreignHub.watch(runId, instance, (events) => heard.push(...events.map(({ seq }) => seq)));
      const start = { type: 'run.started', attempt: 1, worker: 'w' } as const;
      const begun = { kind: 'claimed', lastSeq: 2, begun: { seq: 2, ...start }, claims: 0 };
      const first = await log.claim(runId, 1, 'w', { start });
      expect(first).toMatchObject(begun);
      const events = await log.read(runId, 1);
      expect(events).toMatchObject([{ seq: 2, ...start }]);
      expect(first.kind === 'claimed' && first.begun).toEqual(events[0]);
      // The same claim again, as after a cut connection.
      expect(await log.claim(runId, 1, 'w', { start })).toMatchObject(begun);
      expect(await log.read(runId, 1)).toEqual(events);
      const bytes = JSON.stringify((await log.read(runId, 0))[0]).length + JSON.stringify(events[0]).length;
      expect(first).toMatchObject({ bytes });
      const batch = { runId, attempt: 1, firstSeq: 3, events: [logged(3, text(1))], terminal: false };
      const [reply] = await log.append([{ ...batch, tip: { bytes, instance } }]);
      expect(reply).toEqual({ kind: 'ok', lastSeq: 3, bytes: bytes + logged(3, text(1)).length });
      const later = await log.claim(runId, 2, 'w', { start });
      expect(later).toMatchObject({ lastSeq: 3, claims: 1 });
      expect(later).not.toHaveProperty('begun');
      await until(() => heard.length >= 2, { ms: 2_000 });
      expect(heard).toEqual([2, 3]);
    });

    test('no claim begins a run of another attempt, one that was parked, or one that has ended', async () => {
      const { log } = get();
      const start = { type: 'run.started', attempt: 1, worker: 'w' } as const;
      const taken = await open();
      await log.claim(taken.runId, 1, 'w', { start });
      const takeover = await log.claim(taken.runId, 2, 'w', { start });
      expect(takeover).toMatchObject({ lastSeq: 2 });
      expect(takeover).not.toHaveProperty('begun');
      expect(await log.claim(taken.runId, 3, 'w', { generation: 1, start })).toEqual({ kind: 'fenced' });
      const ended = await open();
      await log.requestCancel(ended.runId, 'requested');
      expect(await log.claim(ended.runId, 1, 'w', { start })).toEqual({ kind: 'ended' });
      for (const { runId } of [taken, ended]) expect(await log.read(runId, 1)).toHaveLength(1);
    });

    test('claims are counted, a repeated one once and a forgiven one not at all', async () => {
      const { log } = get();
      const { runId } = await open();
      const claims = async (attempt: number): Promise<unknown> => (await log.claim(runId, attempt, 'w')) as unknown;
      expect(await claims(1)).toMatchObject({ claims: 0 });
      expect(await claims(1)).toMatchObject({ claims: 0 });
      expect(await claims(2)).toMatchObject({ claims: 1 });
      await log.forgive(runId, 2);
      expect(await claims(3)).toMatchObject({ claims: 1 });
      // Another attempt owns the run by now.
      await log.forgive(runId, 2);
      expect(await claims(4)).toMatchObject({ claims: 2 });
    });

    test('end() ends a run once, whoever owns it', async () => {
      const { runId } = await open();
      await append(runId, 7, 2, [text(1)]);
      const failed = { type: 'run.failed', error: { code: 'worker_lost', message: 'gone' } } as const;
      expect(await get().log.end(runId, failed)).toBe(true);
      expect(await get().log.end(runId, failed)).toBe(false);
      expect(await append(runId, 7, 3, [text(2)])).toEqual({ kind: 'ended' });
      expect((await get().log.read(runId, 2))[0]).toMatchObject({ seq: 3, ...failed });
    });

    test('a run nobody claimed is cancelled at once, a claimed one by its owner', async () => {
      const { log } = get();
      const queued = await open();
      expect(await log.requestCancel(queued.runId, 'requested')).toEqual({ kind: 'cancelled', generation: 0 });
      expect(await log.requestCancel(queued.runId, 'requested')).toEqual({ kind: 'ended' });
      expect((await log.read(queued.runId, 1)).map((event) => event.type)).toEqual(['run.cancelled']);

      const running = await open();
      await log.claim(running.runId, 1, 'w1');
      expect(await log.requestCancel(running.runId, 'client_disconnected')).toEqual({ kind: 'requested' });
      expect(await log.requestCancel(running.runId, 'requested')).toEqual({ kind: 'requested' });
      expect((await log.head(running.runId))?.cancelRequested).toBe(true);
      const reply = await append(running.runId, 1, 2, [text(1)]);
      expect(reply).toEqual({ kind: 'ok', lastSeq: 2, cancel: 'client_disconnected' });
      const requests = await log.cancelRequests([queued.runId, running.runId]);
      expect([...requests]).toEqual([[running.runId, 'client_disconnected']]);
      const claim = await log.claim(running.runId, 2, 'w2');
      expect(claim).toMatchObject({ kind: 'claimed', controls: { cancel: 'client_disconnected' } });
    });

    test('a log over its bound takes nothing but the end', async () => {
      const { runId } = await open();
      const big: RunEvent = { type: 'text.delta', step: 1, text: 'x'.repeat(9_000_000) };
      expect(await append(runId, 1, 2, [big])).toMatchObject({ kind: 'ok' });
      expect(await append(runId, 1, 3, [big])).toEqual({ kind: 'full' });
      expect(await append(runId, 1, 3, [DONE])).toMatchObject({ kind: 'ok', lastSeq: 3 });
    });

    test('the index of unconfirmed runs pages by age and forgets confirmed ones', async () => {
      const { log } = get();
      const before = await log.unconfirmed(5_000, 100);
      const ids: string[] = [];
      for (const createdAt of [3_000, 1_000, 2_000]) ids.push((await open({ createdAt })).runId);
      const [third = '', first = '', second = ''] = ids;
      expect(before).toEqual([]);
      expect(await log.unconfirmed(2_500, 100)).toEqual([first, second]);
      expect(await log.unconfirmed(5_000, 2)).toEqual([first, second]);
      expect(await log.unconfirmed(5_000, 2, second)).toEqual([third]);
      await log.confirmPersisted([first, third]);
      expect(await log.unconfirmed(5_000, 100)).toEqual([second]);
      expect(await log.unconfirmed(5_000, 100, first)).toEqual([]);
      await log.confirmPersisted([second]);
    });

    test('a writer merges the deltas of one turn and numbers without gaps', async () => {
      const { runId } = await open();
      const w = writer(runId);
      for (const n of [1, 2, 3]) void w.emit(text(n));
      void w.emit({ type: 'reasoning.delta', step: 1, text: 'hm' });
      void w.emit(text(4));
      await w.flushed();
      void w.emit(DONE);
      await w.flushed();
      const events = await get().log.read(runId, 1);
      expect(events.map((event) => event.seq)).toEqual([2, 3, 4, 5]);
      expect(events[0]).toMatchObject({ type: 'text.delta', text: '1 2 3 ' });
      expect(events[2]).toMatchObject({ type: 'text.delta', text: '4 ' });
    });

    for (const loss of [0, 0.3, 1]) {
      test(`40 readers joining at random each see every event once (live loss ${loss})`, async () => {
        const { log, ownHub, foreignHub } = get();
        const { runId, instance } = await open();
        const w = writer(runId);
        const read = async (n: number): Promise<number[]> => {
          for (let i = 0; i < n * 4; i++) await turn();
          const hub = lossy(n % 2 === 0 ? ownHub : foreignHub, loss);
          const seen: number[] = [];
          const tail = tailRun({ log, hub }, { runId, instance, after: 0 }, new AbortController().signal);
          for await (const batch of tail) seen.push(...batch.map((event) => event.seq));
          return seen;
        };
        const write = async (): Promise<void> => {
          for (let n = 1; n <= 400; n++) {
            await w.emit(text(n));
            if (n % 5 === 0) await w.flushed();
          }
          await w.emit(DONE);
          await w.flushed();
        };
        const readers = Array.from({ length: 40 }, (_, n) => read(n));
        await write();
        const last = (await log.head(runId))?.lastSeq ?? 0;
        const want = Array.from({ length: last }, (_, i) => i + 1);
        expect(last).toBeGreaterThan(20);
        for (const seen of await Promise.all(readers)) expect(seen).toEqual(want);
      });
    }

    test('resuming after any event gives exactly the rest', async () => {
      const { log, foreignHub } = get();
      const { runId, instance } = await open();
      await append(runId, 1, 2, [...Array.from({ length: 30 }, (_, n) => text(n)), DONE]);
      const canonical = await log.read(runId, 0);
      for (let after = 0; after < canonical.length; after++) {
        const rest: LoggedEvent[] = [];
        const start = { runId, instance, after };
        for await (const batch of tailRun({ log, hub: foreignHub }, start, AbortSignal.timeout(5_000)))
          rest.push(...batch);
        expect([...canonical.slice(0, after), ...rest]).toEqual(canonical);
      }
    });

    test('an aborted tail ends without an error and leaves no watcher', async () => {
      const { log, foreignHub } = get();
      const { runId, instance } = await open();
      const abort = new AbortController();
      const tail = tailRun({ log, hub: foreignHub }, { runId, instance, after: 1 }, abort.signal);
      const next = tail.next();
      await turn();
      abort.abort();
      expect(await next).toEqual({ done: true, value: undefined });
    });

    test('who follows a run through another process is known until the last one there goes', async () => {
      const { log, ownHub, foreignHub } = get();
      const { runId, instance } = await open();
      const watch = (hub: LiveHub) => hub.watch(runId, instance, () => undefined);
      const own = await watch(ownHub);
      expect(await log.followersElsewhere(runId)).toBe(0);
      const [one, two] = [await watch(foreignHub), await watch(foreignHub)];
      expect(await log.followersElsewhere(runId)).toBe(1);
      expect(await log.followersElsewhere('run_other')).toBe(0);
      await one.close();
      expect(await log.followersElsewhere(runId)).toBe(1);
      await two.close();
      expect(await log.followersElsewhere(runId)).toBe(0);
      await own.close();
    });

    test('a reader of a log that vanished is told, not left waiting', async () => {
      const { log, foreignHub } = get();
      const tail = tailRun(
        { log, hub: foreignHub },
        { runId: 'run_gone', instance: 'x', after: 0 },
        AbortSignal.timeout(9_000),
      );
      await expect(tail.next()).rejects.toMatchObject({ code: 'run_log_lost' });
    });

    test('a slow reader with an overfull inbox falls back to the log', async () => {
      const { log, ownHub } = get();
      const { runId, instance } = await open();
      const tail = tailRun({ log, hub: ownHub }, { runId, instance, after: 0 }, AbortSignal.timeout(20_000));
      const seen = ((await tail.next()).value as readonly LoggedEvent[]).map((event) => event.seq);
      // The tail waits behind its first batch while far more than its inbox holds goes by.
      for (let seq = 2; seq <= 3_000; seq += 500) {
        await append(
          runId,
          1,
          seq,
          Array.from({ length: 500 }, (_, n) => text(n)),
        );
      }
      await append(runId, 1, 3_002, [DONE]);
      await until(async () => (await log.head(runId))?.ended);
      for await (const batch of tail) seen.push(...batch.map((event) => event.seq));
      expect(seen).toEqual(Array.from({ length: 3_002 }, (_, i) => i + 1));
    });

    test('a deleted run says so; one that has no log gets none by it', async () => {
      const { log } = get();
      const spec = runSpec();
      await log.open(spec);
      expect((await log.head(spec.runId))?.deleted).toBe(false);
      await log.markDeleted(spec.runId);
      expect((await log.head(spec.runId))?.deleted).toBe(true);
      const unknown = runSpec().runId;
      await log.markDeleted(unknown);
      expect(await log.head(unknown)).toBeUndefined();
      expect(await log.open({ ...spec, runId: unknown })).toBe('opened');
    });
  });
}

/** A hub that loses messages, to prove that the live channel is only ever a hint. */
function lossy(hub: LiveHub, loss: number): LiveHub {
  return {
    ...hub,
    watch: (runId, instance, wake) =>
      hub.watch(runId, instance, (events) => {
        if (Math.random() >= loss) wake(events);
      }),
  };
}
