import { EMPTY_SNAPSHOT, foldAll, type RunEvent } from '#libs/contract';
import { runObject } from '#libs/protocols';
import { logged } from '../../../support/event-log.js';
import { runSnapshot } from '../../../support/run-snapshot.js';

const queued: RunEvent = {
  type: 'run.queued',
  runId: 'run_7',
  protocol: 'runs',
  owner: 'alice',
  model: 'demo',
  echo: {},
};
const usage = {
  input_tokens: 0,
  output_tokens: 0,
  total_tokens: 0,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens_details: { reasoning_tokens: 0 },
};

describe('runObject', () => {
  test('a run that waits', () => {
    expect(runObject(foldAll(logged([{ ...queued, metadata: { a: 'b' } }])))).toEqual({
      object: 'hermes.run',
      run_id: 'run_7',
      status: 'queued',
      model: 'demo',
      protocol: 'runs',
      session_id: null,
      job_id: null,
      parent_run_id: null,
      created_at: 1_790_000_000.123,
      started_at: null,
      updated_at: 1_790_000_000.123,
      ended_at: null,
      approval: null,
      approvals: [],
      attempt: 0,
      last_event: { type: 'run.queued', seq: 1 },
      output: '',
      items: [],
      usage,
      finish_reason: null,
      reason: null,
      error: null,
      pending_steer: null,
      metadata: { a: 'b' },
    });
  });

  test('a run in the middle of a tool names its last event in public words', () => {
    const call = { step: 1, callId: 'c', name: 'clock' } as const;
    const events: RunEvent[] = [
      queued,
      { type: 'run.started', attempt: 1, worker: 'w' },
      { type: 'step.started', step: 1, model: 'm', upstream: 'u' },
      { type: 'text.delta', step: 1, text: 'Hm' },
    ];
    expect(runObject(foldAll(logged(events)))['last_event']).toEqual({ type: 'message.delta', seq: 4 });
    const running = runObject(
      foldAll(
        logged([
          ...events,
          { type: 'tool_call.started', ...call, executedBy: 'server' },
          { type: 'tool_call.ready', ...call, arguments: '{}', executedBy: 'server' },
          { type: 'tool.started', ...call },
        ]),
      ),
    );
    expect(running).toMatchObject({ status: 'running', attempt: 1, started_at: 1_790_000_000.13, output: 'Hm' });
    expect(running['last_event']).toEqual({ type: 'tool.started', seq: 7 });
    expect(running['items']).toEqual([
      { type: 'message', step: 1, status: 'in_progress', text: 'Hm' },
      {
        type: 'tool_call',
        step: 1,
        status: 'in_progress',
        call_id: 'c',
        name: 'clock',
        arguments: '{}',
        executed_by: 'server',
        output: null,
        is_error: null,
        duration: null,
      },
    ]);
  });

  test('a failed and a cancelled run say why', () => {
    const error = { code: 'upstream_cut', message: 'Cut.', param: 'x', retryAfterSeconds: 3 } as const;
    expect(runObject(foldAll(logged([queued, { type: 'run.failed', error }])))).toMatchObject({
      status: 'failed',
      error: { code: 'upstream_cut', message: 'Cut.', type: 'upstream_error' },
      ended_at: 1_790_000_000.13,
    });
    expect(runObject(foldAll(logged([queued, { type: 'run.cancelled', reason: 'requested' }])))).toMatchObject({
      status: 'cancelled',
      reason: 'requested',
      error: null,
    });
  });

  test('rows without the type of their last event tell it as far as it is known', () => {
    expect(runObject(runSnapshot())['last_event']).toEqual({ type: 'run.completed', seq: 5 });
    expect(runObject(EMPTY_SNAPSHOT)['last_event']).toEqual({ type: null, seq: 0 });
  });
});
