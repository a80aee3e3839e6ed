import {
  memoryApprovalMemory,
  memoryIdempotency,
  memoryLiveHub,
  memoryPersistQueue,
  memoryRunLog,
  memoryRunQueue,
  memorySessionTurns,
  newRunId,
} from '#libs/bus';
import { GatewayError, type LoggedEvent, NO_USAGE, type RunDraft, type RunLog } from '#libs/contract';
import { createLogger } from '#libs/platform';
import { Admission } from '../../../../apps/api/src/runs/admitting/admission.js';
import { RunDesk, type Order } from '../../../../apps/api/src/runs/admitting/run-desk.js';
import { TurnDesk } from '../../../../apps/api/src/runs/placing/turn-desk.js';
import { RunService, type RunPorts } from '../../../../apps/api/src/runs/run-service.js';
import { runSnapshot } from '../../../support/run-snapshot.js';
import { runSpec } from '../../../support/run-spec.js';
import { scriptedWorker } from '../../../support/scripted-worker.js';

const away = (): GatewayError => new GatewayError('queue_unavailable', 'away');
const LIMITS_OF_API = { inFlightPerKeyMax: 9, queuedPerKeyMax: 9, ofKeys: new Map() };
const never = new AbortController().signal;

function setUp(change: Partial<RunPorts> = {}) {
  const log = memoryRunLog();
  const queue = memoryRunQueue();
  const persist = memoryPersistQueue();
  const logger = createLogger({ service: 'test', level: 'silent', pretty: false });
  const store = { run: async () => undefined };
  const sessionTurns = memorySessionTurns();
  const ports: RunPorts = {
    log,
    hub: memoryLiveHub(log, 'here'),
    queue,
    sessionTurns,
    persist,
    approvals: memoryApprovalMemory(),
    store,
    logger,
    ...change,
  };
  const runs = new RunService(ports);
  const admission = new Admission(ports.queue, { ...LIMITS_OF_API, inFlightMax: 9, queuedMax: 9 }, () => 9);
  const idempotency = memoryIdempotency();
  const turnDesk = new TurnDesk({ sessionTurns: ports.sessionTurns, sessions: { session: async () => undefined } });
  const reads = { turns: async () => [], ...ports.store };
  const desk = new RunDesk({ runs, admission, turns: turnDesk, idempotency, store: reads, logger });
  return { log, queue, persist, runs, desk, idempotency };
}

/** A log whose method fails the first times. */
function failing(log: RunLog, method: 'read' | 'open' | 'head', times: number): RunLog {
  let left = times;
  return new Proxy(log, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (name === method && left-- > 0) return () => Promise.reject(away());
      return value.bind(target) as unknown;
    },
  });
}

describe('RunService', () => {
  test('a run that cannot be queued is ended and on its way into the store', async () => {
    const queue = { ...memoryRunQueue(), enqueue: () => Promise.reject(away()) };
    const { runs, log, persist } = setUp({ queue });
    const spec = runSpec({ instance: 'here' });
    await expect(runs.open(spec)).rejects.toMatchObject({ code: 'queue_unavailable' });
    expect((await log.read(spec.runId, 0)).at(-1)).toMatchObject({
      type: 'run.failed',
      error: { code: 'queue_unavailable' },
    });
    expect(persist.runIds).toEqual([spec.runId]);
  });

  test('a run that is opened twice is queued once', async () => {
    const { runs, queue } = setUp();
    const spec = runSpec({ instance: 'here' });
    expect([await runs.open(spec), await runs.open(spec)]).toEqual(['opened', 'exists']);
    expect([queue.take(), queue.take()]).toEqual([spec.runId, undefined]);
  });

  test('a listener goes on where it was when the log was away for a while', async () => {
    const log = memoryRunLog();
    const { runs } = setUp({ log: failing(log, 'read', 2), hub: memoryLiveHub(log, 'here') });
    const spec = runSpec({ instance: 'here' });
    await runs.open(spec);
    await (await scriptedWorker(log, spec.runId)).answer('a', 'b', 'c');
    const seen: LoggedEvent[] = [];
    const take = (batch: readonly LoggedEvent[]): undefined => void seen.push(...batch);
    await runs.follow({ runId: spec.runId, instance: 'here', after: 0 }, take, never);
    expect(seen.map((event) => event.seq)).toEqual(seen.map((_, i) => i + 1));
    expect(seen.at(-1)?.type).toBe('run.completed');
  });

  test('a fault of the listener is not taken for an outage', async () => {
    const { runs } = setUp();
    const spec = runSpec({ instance: 'here' });
    await runs.open(spec);
    const broken = (): undefined => {
      throw new TypeError('broken');
    };
    await expect(runs.follow({ runId: spec.runId, instance: 'here', after: 0 }, broken, never)).rejects.toThrow(
      TypeError,
    );
  });

  test('a cancelled queued run leaves the queue', async () => {
    const { runs, queue, persist, log } = setUp();
    const spec = runSpec({ instance: 'here' });
    await runs.open(spec);
    expect(await runs.stop(spec.runId, 'alice')).toBe('cancelled');
    expect(queue.take()).toBeUndefined();
    expect(persist.runIds).toEqual([spec.runId]);
    expect((await log.head(spec.runId))?.ended).toBe(true);
  });

  test('a parked run that is stopped makes room for another one of its key', async () => {
    const left: string[][] = [];
    const approvals = { leaveWait: async (...who: string[]) => void left.push(who) };
    const { runs, log } = setUp({ approvals });
    const spec = runSpec({ instance: 'here', owner: 'alice' });
    await runs.open(spec);
    await log.claim(spec.runId, 1, 'worker');
    const event = { type: 'run.parked', step: 1, usage: NO_USAGE } as const;
    const deadline = Date.now() + 60_000;
    await log.park({ runId: spec.runId, attempt: 1, event, deadline, generation: 1, approvalIds: ['appr_1'] });
    expect(await runs.stop(spec.runId, 'alice')).toBe('cancelled');
    expect(left).toEqual([['alice', spec.runId]]);
  });

  test('a run is found by its owner only, in the log and in the store', async () => {
    const kept = runSnapshot({ owner: 'alice' });
    const { runs } = setUp({ store: { run: async (runId) => (runId === kept.runId ? kept : undefined) } });
    const spec = runSpec({ instance: 'here' });
    await runs.open(spec);
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

describe('RunDesk', () => {
  const draft: RunDraft = { ...runSpec(), model: null };
  const order: Order = { draft, model: 'talaria', owner: 'alice', claim: { scope: 's', fingerprint: 'f' } };

  test('a run that could not be opened gives its key back', async () => {
    const log = memoryRunLog();
    const { desk, idempotency } = setUp({ log: failing(log, 'open', 1) });
    await expect(desk.admit(order, never)).rejects.toMatchObject({ code: 'queue_unavailable' });
    expect(await idempotency.reserve('s', 'another', newRunId())).toEqual({ kind: 'new' });
  });

  test('while the store cannot say whether the run is over, it is not executed again', async () => {
    const unavailable = new GatewayError('unavailable', 'store away');
    const { desk, idempotency, queue } = setUp({ store: { run: () => Promise.reject(unavailable) } });
    await idempotency.reserve('s', 'f', newRunId());
    await expect(desk.admit(order, never)).rejects.toMatchObject({ code: 'unavailable' });
    expect(queue.take()).toBeUndefined();
  });

  test('without a key every request is a run of its own, with the order in its spec', async () => {
    const { desk, log, queue } = setUp();
    const { claim: _claim, ...plain } = order;
    const [first, second] = [await desk.admit(plain, never), await desk.admit(plain, never)];
    expect(first.runId).not.toBe(second.runId);
    expect([queue.take(), queue.take()]).toEqual([first.runId, second.runId]);
    expect(await log.claim(first.runId, 1, 'w')).toMatchObject({
      kind: 'claimed',
      spec: { owner: 'alice', model: 'talaria', instance: 'here', runId: first.runId, messages: draft.messages },
    });
  });
});
