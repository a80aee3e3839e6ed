import type { ApprovalPorts } from '#libs/agent';
import { memoryApprovalMemory } from '#libs/bus';
import type { Approval, RunEvent } from '#libs/contract';
import { openRun } from '#libs/runs';
import { jest } from '@jest/globals';
import { runApprovals } from '../../../apps/worker/src/run-approvals.js';
import { RunControls } from '../../../apps/worker/src/run-controls.js';
import { memoryRuns } from '../../support/memory-runs.js';
import { runSpec } from '../../support/run-spec.js';
import { scriptedWorker, stepStarted } from '../../support/scripted-worker.js';

const TIMEOUT_MS = 60_000;
const LATE = { decision: 'deny', by: 'timeout' };
const owner = 'alice';
const once = { decision: 'once', requestId: 'apr_1' } as const;

/** A run with one open request: the API's side of it (`runs`) and the worker's, whose clock is off by `workerOffMs`. */
async function lab(workerOffMs: number) {
  const { runs, ports, log } = memoryRuns();
  const spec = runSpec({ owner });
  await openRun(ports, spec);
  const { runId } = spec;
  const approval = { approvalId: 'apr_1', expiresAt: Date.now() + TIMEOUT_MS };
  const call = { step: 1, callId: 'call_1', name: 'terminal', arguments: '{}' } as const;
  const events: RunEvent[] = [
    { type: 'tool_call.started', ...call, executedBy: 'server' },
    { type: 'tool_call.ready', ...call, executedBy: 'server' },
    { type: 'approval.requested', ...call, ...approval },
  ];
  const worker = await scriptedWorker(log, runId);
  await worker.say({ type: 'run.started', attempt: 1, worker: 'w' }, stepStarted, ...events);
  const approvals: ApprovalPorts = runApprovals({
    parts: {
      policy: () => 'all',
      memory: memoryApprovalMemory(),
      queue: ports.queue,
      timeoutSeconds: 60,
      told: async () => undefined,
    },
    log,
    job: { runId, attempt: 1, generation: 0 } as Parameters<typeof runApprovals>[0]['job'],
    spec,
    controls: new RunControls(log, runId, await log.controls(runId)),
    cancel: () => undefined,
  });
  return {
    runs,
    runId,
    log,
    /** What the worker makes of the request, so much later. */
    async look(afterMs: number) {
      const now = Date.now() + workerOffMs + afterMs;
      const clock = jest.spyOn(Date, 'now').mockReturnValue(now);
      try {
        return await approvals.answerTo(approval as Approval);
      } finally {
        clock.mockRestore();
      }
    },
  };
}

test('with the clock of the worker ahead, an answer after its end is refused, not counted and then denied', async () => {
  const { runs, runId, look } = await lab(2 * TIMEOUT_MS);
  expect(await look(0)).toEqual(LATE);
  await expect(runs.approve(runId, owner, once)).rejects.toMatchObject({ code: 'approval_not_pending' });
  await expect(runs.approve(runId, owner, { ...once, decision: 'deny' })).rejects.toMatchObject({
    code: 'approval_not_pending',
  });
});

test('an answer that was taken is taken, however late the worker looks', async () => {
  const { runs, runId, look } = await lab(2 * TIMEOUT_MS);
  expect(await runs.approve(runId, owner, once)).toEqual({ requestId: 'apr_1', resolved: 1, replayed: false });
  expect(await look(0)).toEqual({ decision: 'once', by: 'user' });
});

test('with the clock of the worker behind, an answer counts for as long as the worker waits', async () => {
  const { runs, runId, look } = await lab(-10 * TIMEOUT_MS);
  expect(await look(2 * TIMEOUT_MS)).toBeUndefined();
  // By the clock of the API the time has long been over.
  const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 5 * TIMEOUT_MS);
  try {
    expect(await runs.approve(runId, owner, once)).toMatchObject({ resolved: 1 });
  } finally {
    clock.mockRestore();
  }
  expect(await look(20 * TIMEOUT_MS)).toEqual({ decision: 'once', by: 'user' });
});

test('another attempt knows that the time was over, also by a clock that is behind', async () => {
  const { log, runId, look } = await lab(2 * TIMEOUT_MS);
  await look(0);
  expect(new RunControls(log, runId, await log.controls(runId)).isTimedOut('apr_1')).toBe(true);
});

test('a run whose log is gone is not denied anything: the worker gives it up', async () => {
  const { log, runId, look } = await lab(2 * TIMEOUT_MS);
  await log.remove([runId]);
  await expect(look(0)).rejects.toMatchObject({ name: 'AppendRefused', reason: 'lost' });
});
