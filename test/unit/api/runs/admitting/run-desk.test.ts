import { memoryIdempotency, memoryRunLog, memoryRunQueue } from '#libs/bus';
import { GatewayError, type RunDraft, type RunQueue } from '#libs/contract';
import { createLogger } from '#libs/platform';
import { newRunId, type RunsPorts } from '#libs/runs';
import { RunDesk, type AdmissionRequest } from '../../../../../apps/api/src/runs/admitting/run-desk.js';
import { failingLog } from '../../../../support/failing-log.js';
import { memoryRuns } from '../../../../support/memory-runs.js';
import { runSpec } from '../../../../support/run-spec.js';
import { until } from '../../../../support/until.js';

const never = new AbortController().signal;

function setUp(change: Partial<RunsPorts> = {}) {
  const idempotency = memoryIdempotency();
  const log = memoryRunLog(idempotency);
  const { runs, ports, queue, sessionTurns } = memoryRuns({ log, ...change });
  const store = { turns: async () => [], ...ports.store };
  const logger = createLogger({ service: 'test', level: 'silent', pretty: false });
  const parts = { runs, idempotency, store, logger };
  return { log, queue, sessionTurns, idempotency, parts, desk: new RunDesk(parts) };
}

describe('RunDesk', () => {
  const draft: RunDraft = { ...runSpec(), model: null };
  const admission: AdmissionRequest = {
    draft,
    model: 'talaria',
    owner: 'alice',
    claim: { scope: 's', fingerprint: 'f' },
  };

  test('only an id that nothing can name later is queued without a look at ended jobs', async () => {
    const inner = memoryRunQueue();
    const marks: (boolean | undefined)[] = [];
    const queue: RunQueue = {
      ...inner,
      enqueue: (runId, tag, terms) => (marks.push(terms?.isNewId), inner.enqueue(runId, tag, terms)),
    };
    const { desk, parts } = setUp({ queue });
    await desk.admit({ draft, model: 'talaria', owner: 'alice' });
    await desk.admit(admission);
    await parts.runs.start({ draft, model: 'talaria', owner: 'alice' });
    await parts.runs.start({ draft, model: 'talaria', owner: 'alice' }, { runId: newRunId() });
    expect(marks).toEqual([true, false, true, false]);
  });

  test('a run that could not be opened gives its key back', async () => {
    const log = memoryRunLog();
    const { desk, idempotency } = setUp({ log: failingLog(log, 'open', 1) });
    await expect(desk.admit(admission, never)).rejects.toMatchObject({ code: 'queue_unavailable' });
    expect(await idempotency.reserve('s', 'another', newRunId())).toEqual({ kind: 'new' });
  });

  test('while the store cannot say whether the run is over, it is not executed again', async () => {
    const unavailable = new GatewayError('unavailable', 'store away');
    const { desk, idempotency, queue } = setUp({ store: { run: () => Promise.reject(unavailable) } });
    await idempotency.reserve('s', 'f', newRunId());
    await expect(desk.admit(admission, never)).rejects.toMatchObject({ code: 'unavailable' });
    expect(queue.take()).toBeUndefined();
  });

  const deleted = { code: 'run_not_found', param: 'Idempotency-Key' };

  test.each([undefined, 's1'])(
    'a key whose run was opened and is gone opens no other (session: %p)',
    async (sessionId) => {
      const { desk, log, queue, sessionTurns } = setUp();
      const session = { owner: 'alice', sessionId: 's1' };
      const turn: AdmissionRequest =
        sessionId === undefined
          ? admission
          : { ...admission, draft: { ...draft, sessionId }, turn: { whenBusy: 'wait' as const } };
      const { runId } = await desk.admit(turn, never);
      expect(queue.take()).toBe(runId);
      await log.end(runId, { type: 'run.completed', finishReason: 'stop' });
      await sessionTurns.leave(session, runId);
      await log.remove([runId]);
      await expect(desk.admit(turn, never)).rejects.toMatchObject(deleted);
      await expect(desk.admit(turn, never)).rejects.toMatchObject(deleted);
      expect(queue.take()).toBeUndefined();
      expect(await log.head(runId)).toBeUndefined();
      // The next turn has nobody before it.
      expect((await sessionTurns.state(session)).active).toBeUndefined();
    },
  );

  test('an opener that finds its id used leaves the session to the next turn', async () => {
    const { parts, idempotency, queue, sessionTurns } = setUp();
    const turn: AdmissionRequest = { ...admission, draft: { ...draft, sessionId: 's1' }, turn: { whenBusy: 'wait' } };
    const runId = newRunId();
    await idempotency.reserve('s', 'f', runId);
    // Reserved, as this request still sees it; opened and removed by another one in the meantime.
    const stale = { ...idempotency, reserve: async () => ({ kind: 'same', runId, wasOpened: false }) as const };
    idempotency.markOpened('s', runId);
    const late = new RunDesk({ ...parts, idempotency: stale });
    await expect(late.admit(turn, never)).rejects.toMatchObject(deleted);
    await until(async () => (await sessionTurns.state({ owner: 'alice', sessionId: 's1' })).active === undefined);
    expect(queue.take()).toBeUndefined();
  });

  test('without a key every request is a run of its own, with what was admitted in its spec', async () => {
    const { desk, log, queue } = setUp();
    const { claim: _claim, ...plain } = admission;
    const [first, second] = [await desk.admit(plain, never), await desk.admit(plain, never)];
    expect(first.runId).not.toBe(second.runId);
    expect([queue.take(), queue.take()]).toEqual([first.runId, second.runId]);
    expect(await log.claim(first.runId, 1, 'w')).toMatchObject({
      kind: 'claimed',
      spec: { owner: 'alice', model: 'talaria', instance: 'here', runId: first.runId, messages: draft.messages },
    });
  });
});
