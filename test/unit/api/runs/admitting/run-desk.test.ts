import { memoryIdempotency, memoryRunLog } from '#libs/bus';
import { GatewayError, type RunDraft } from '#libs/contract';
import { createLogger } from '#libs/platform';
import { newRunId, type RunsPorts } from '#libs/runs';
import { RunDesk, type AdmissionRequest } from '../../../../../apps/api/src/runs/admitting/run-desk.js';
import { failingLog } from '../../../../support/failing-log.js';
import { memoryRuns } from '../../../../support/memory-runs.js';
import { runSpec } from '../../../../support/run-spec.js';

const never = new AbortController().signal;

function setUp(change: Partial<RunsPorts> = {}) {
  const { runs, ports, log, queue } = memoryRuns(change);
  const idempotency = memoryIdempotency();
  const store = { turns: async () => [], ...ports.store };
  const logger = createLogger({ service: 'test', level: 'silent', pretty: false });
  return { log, queue, idempotency, desk: new RunDesk({ runs, idempotency, store, logger }) };
}

describe('RunDesk', () => {
  const draft: RunDraft = { ...runSpec(), model: null };
  const admission: AdmissionRequest = {
    draft,
    model: 'talaria',
    owner: 'alice',
    claim: { scope: 's', fingerprint: 'f' },
  };

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
