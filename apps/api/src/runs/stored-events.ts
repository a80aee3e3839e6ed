import {
  GatewayError,
  NO_USAGE,
  toRunError,
  type LoggedEvent,
  type OutputItem,
  type RunEvent,
  type RunSnapshot,
  type StepState,
  type TerminalEvent,
  type Usage,
} from '#libs/contract';

/**
 * The events of a run whose log has expired, made from what was kept: they fold to the same items, usage and end, but each
 * text comes whole, and the numbers are new. The last one carries the run's own last number.
 */
export function storedEvents(snapshot: RunSnapshot): LoggedEvent[] {
  const { runId, protocol, owner, model, echo, metadata, createdAt } = snapshot;
  // All usage stands at the last whole step: only the sum was kept.
  const lastWhole = snapshot.steps.findLast((step) => step.status === 'completed');
  const steps = snapshot.steps.flatMap((step): RunEvent[] => [
    { type: 'step.started', step: step.step, model: step.model, upstream: step.upstream },
    ...snapshot.items.filter((item) => item.step === step.step).flatMap(eventsOfItem),
    ...endOfStep(step, step === lastWhole ? snapshot.usage : NO_USAGE),
  ]);
  const events: RunEvent[] = [
    { type: 'run.queued', runId, protocol, owner, model, echo, ...(metadata && { metadata }) },
    { type: 'run.started', attempt: Math.max(1, snapshot.attempt), worker: '' },
    ...steps,
    terminalOf(snapshot),
  ];
  const at = snapshot.endedAt ?? snapshot.updatedAt;
  const last = events.length - 1;
  return events.map((event, i) => {
    const seq = i === last ? Math.max(snapshot.lastSeq, events.length) : i + 1;
    return { ...event, seq, at: i === 0 ? createdAt : at };
  });
}

function endOfStep({ step, status, finishReason = 'stop' }: StepState, usage: Usage): RunEvent[] {
  if (status === 'interrupted') return [{ type: 'step.interrupted', step, reason: 'worker_lost' }];
  return status === 'completed' ? [{ type: 'step.completed', step, finishReason, usage }] : [];
}

function eventsOfItem(item: OutputItem): RunEvent[] {
  const { step } = item;
  switch (item.type) {
    case 'text':
      return [{ type: 'text.delta', step, text: item.text, ...(item.logprobs && { logprobs: item.logprobs }) }];
    case 'reasoning':
      return [{ type: 'reasoning.delta', step, text: item.text }];
    case 'refusal':
      return [{ type: 'refusal.delta', step, text: item.text }];
    case 'tool_call': {
      const { callId, name, executedBy, output } = item;
      const call = { step, callId, name };
      return [
        { type: 'tool_call.started', ...call, executedBy },
        { type: 'tool_call.arguments.delta', step, callId, delta: item.arguments },
        ...(item.ready ? [{ type: 'tool_call.ready', ...call, arguments: item.arguments, executedBy } as const] : []),
        ...(item.dispatched ? [{ type: 'tool.started', ...call } as const] : []),
        ...(output === undefined ? [] : [completedCall(item, output)]),
      ];
    }
  }
}

function completedCall(item: OutputItem & { type: 'tool_call' }, output: string): RunEvent {
  const { step, callId, name, isError = false, durationMs = 0 } = item;
  return { type: 'tool.completed', step, callId, name, output, isError, durationMs };
}

function terminalOf(snapshot: RunSnapshot): TerminalEvent {
  switch (snapshot.status) {
    case 'completed':
      return { type: 'run.completed', finishReason: snapshot.finishReason === 'tool_calls' ? 'tool_calls' : 'stop' };
    case 'incomplete':
      return { type: 'run.incomplete', reason: snapshot.incompleteReason ?? 'max_output_tokens' };
    case 'cancelled':
      return { type: 'run.cancelled', reason: snapshot.cancelReason ?? 'requested' };
    case 'failed':
      return { type: 'run.failed', error: snapshot.error ?? toRunError(undefined) };
    case 'queued':
    case 'running':
      throw new GatewayError('run_log_lost', 'The events of this run were lost.');
  }
}
