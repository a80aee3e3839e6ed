import type { RunEvent } from '#libs/contract';
import { openRun } from '#libs/runs';
import { memoryRuns } from '../../../support/memory-runs.js';
import { runSpec } from '../../../support/run-spec.js';
import { scriptedWorker, stepStarted } from '../../../support/scripted-worker.js';

/** A run whose calls wait for approvals with these ids, and what was answered to them. */
async function lab(...approvalIds: string[]) {
  const { runs, ports, log } = memoryRuns();
  const spec = runSpec({ owner: 'alice' });
  const { runId } = spec;
  await openRun(ports, spec);
  const calls = approvalIds.flatMap((approvalId): RunEvent[] => {
    const call = { step: 1, callId: `call_${approvalId}`, name: 'terminal', arguments: '{}' } as const;
    return [
      { type: 'tool_call.started', ...call, executedBy: 'server' },
      { type: 'tool_call.ready', ...call, executedBy: 'server' },
      { type: 'approval.requested', ...call, approvalId, expiresAt: Date.now() + 60_000 },
    ];
  });
  const worker = await scriptedWorker(log, runId);
  await worker.say({ type: 'run.started', attempt: 1, worker: 'w' }, stepStarted, ...calls);
  return { runs, runId, answered: async () => [...(await log.controls(runId)).answers] };
}

const once = { decision: 'once' } as const;

test('an answer without an id means the only open request', async () => {
  const { runs, runId, answered } = await lab('apr_1');
  expect(await runs.approve(runId, 'alice', once)).toEqual({ requestId: 'apr_1', resolved: 1, replayed: false });
  expect(await answered()).toEqual([['apr_1', 'once']]);
});

test('it is refused with their ids when several are open, and nothing is answered', async () => {
  const { runs, runId, answered } = await lab('apr_1', 'apr_2');
  await expect(runs.approve(runId, 'alice', once)).rejects.toMatchObject({
    code: 'missing_required_parameter',
    param: 'request_id',
    message: expect.stringContaining('apr_1, apr_2'),
  });
  expect(await answered()).toEqual([]);
  expect(await runs.approve(runId, 'alice', { ...once, all: true })).toEqual({ resolved: 2, replayed: false });
  const again = { requestId: 'apr_2', resolved: 1, replayed: true };
  expect(await runs.approve(runId, 'alice', { ...once, requestId: 'apr_2' })).toEqual(again);
  await expect(runs.approve(runId, 'alice', { decision: 'deny', requestId: 'apr_2' })).rejects.toMatchObject({
    code: 'approval_not_pending',
  });
});

test('when none is open every answer is late', async () => {
  const { runs, runId } = await lab();
  for (const answer of [once, { ...once, all: true } as const, { ...once, requestId: 'apr_1' }]) {
    await expect(runs.approve(runId, 'alice', answer)).rejects.toMatchObject({ code: 'approval_not_pending' });
  }
});

test("another key's run is one that does not exist", async () => {
  const { runs, runId, answered } = await lab('apr_1');
  await expect(runs.approve(runId, 'bob', once)).rejects.toMatchObject({ code: 'run_not_found' });
  await expect(runs.steer(runId, 'bob', 'Hello')).rejects.toMatchObject({ code: 'run_not_found' });
  expect(await answered()).toEqual([]);
});
