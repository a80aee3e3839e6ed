import { foldAll, type RunEvent } from '#libs/contract';
import { RunControl } from '../../../../apps/api/src/runs/run-control.js';
import type { RunService } from '../../../../apps/api/src/runs/run-service.js';
import { logged } from '../../../support/event-log.js';
import { runLogWith } from '../../../support/run-log-with.js';

/** A run whose calls wait for approvals with these ids, and what was answered to them. */
function lab(...approvalIds: string[]) {
  const calls = approvalIds.flatMap((approvalId): RunEvent[] => {
    const call = { step: 1, callId: `call_${approvalId}`, name: 'terminal', arguments: '{}' } as const;
    return [
      { type: 'tool_call.started', ...call, executedBy: 'server' },
      { type: 'tool_call.ready', ...call, executedBy: 'server' },
      { type: 'approval.requested', ...call, approvalId, expiresAt: Date.now() + 60_000 },
    ];
  });
  const snapshot = foldAll(
    logged([
      { type: 'run.started', attempt: 1, worker: 'w' },
      { type: 'step.started', step: 1, model: 'm', upstream: 'u' },
      ...calls,
    ]),
  );
  const answered: [string, string][] = [];
  const log = runLogWith({
    answer: async (_runId, id, decision) => {
      answered.push([id, decision]);
      return { kind: 'recorded' };
    },
    steer: async () => 'recorded',
  });
  const runs = { get: async () => snapshot } as unknown as RunService;
  return { control: new RunControl(runs, { log, queue: { wake: async () => undefined } }), answered };
}

const once = { decision: 'once' } as const;

test('an answer without an id means the only open request', async () => {
  const { control, answered } = lab('apr_1');
  expect(await control.approve('run', 'alice', once)).toEqual({ requestId: 'apr_1', resolved: 1, replayed: false });
  expect(answered).toEqual([['apr_1', 'once']]);
});

test('it is refused with their ids when several are open, and nothing is answered', async () => {
  const { control, answered } = lab('apr_1', 'apr_2');
  await expect(control.approve('run', 'alice', once)).rejects.toMatchObject({
    code: 'missing_required_parameter',
    param: 'request_id',
    message: expect.stringContaining('apr_1, apr_2'),
  });
  expect(answered).toEqual([]);
  expect(await control.approve('run', 'alice', { ...once, all: true })).toEqual({ resolved: 2, replayed: false });
  expect(await control.approve('run', 'alice', { ...once, requestId: 'apr_2' })).toMatchObject({ requestId: 'apr_2' });
  expect(answered.map(([id]) => id)).toEqual(['apr_1', 'apr_2', 'apr_2']);
});

test('when none is open every answer is late', async () => {
  const { control } = lab();
  for (const order of [once, { ...once, all: true } as const, { ...once, requestId: 'apr_1' }]) {
    await expect(control.approve('run', 'alice', order)).rejects.toMatchObject({ code: 'approval_not_pending' });
  }
});
