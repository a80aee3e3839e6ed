import {
  assertContentKept,
  GatewayError,
  NO_USAGE,
  toRunError,
  type EventOf,
  type LoggedEvent,
  type OutputItem,
  type RunEvent,
  type RunSnapshot,
  type StepState,
  type TerminalEvent,
  type TextItem,
  type ToolCallItem,
  type Usage,
} from '#libs/contract';

/**
 * The events of a run whose log has expired, made from the stored run. They fold to the same items, usage and end, but
 * each text comes in one piece, and the numbers are new. The last event carries the run's own last number. Throws like
 * `assertContentKept`.
 */
export function storedEvents(snapshot: RunSnapshot): LoggedEvent[] {
  assertContentKept(snapshot);
  const { runId, protocol, owner, model, echo, metadata, spend, createdAt } = snapshot;
  // Where only the total was kept, all usage belongs to the last completed step, except for the usage of a parked run's
  // open step.
  const open = snapshot.steps.find((step) => step.status === 'in_progress')?.usage ?? NO_USAGE;
  const lastWhole = snapshot.steps.findLast((step) => step.status === 'completed');
  const steersAfter = (step: number): RunEvent[] =>
    (snapshot.steers ?? []).flatMap(({ afterStep, text }) =>
      afterStep === step ? [{ type: 'run.steered', text }] : [],
    );
  const steps = snapshot.steps.flatMap((step): RunEvent[] => [
    startOfStep(step),
    ...eventsOfStep(snapshot.items.filter((item) => item.step === step.step)),
    ...endOfStep(step, step.usage ?? (step === lastWhole ? without(snapshot.usage, open) : NO_USAGE)),
    ...steersAfter(step.step),
  ]);
  const events: RunEvent[] = [
    { type: 'run.queued', runId, protocol, owner, model, echo, ...(metadata && { metadata }), ...(spend && { spend }) },
    { type: 'run.started', attempt: Math.max(1, snapshot.attempt), worker: '' },
    ...steersAfter(0),
    ...steps,
    terminalOf(snapshot),
  ];
  const end = snapshot.endedAt ?? snapshot.updatedAt;
  const first = events.findIndex(({ type }) => type === 'step.started');
  const last = events.length - 1;
  return events.map((event, i) => {
    const seq = i === last ? Math.max(snapshot.lastSeq, events.length) : i + 1;
    const at = i === 0 ? createdAt : i === first ? (snapshot.firstTokenAt ?? end) : end;
    return { ...event, seq, at };
  });
}

function startOfStep({ step, model, upstream, leftOut, attempts }: StepState): RunEvent {
  const more = { ...(leftOut && { leftOut }), ...(attempts !== undefined && { attempts }) };
  return { type: 'step.started', step, model, upstream, ...more };
}

function without(all: Usage, part: Usage): Usage {
  return {
    inputTokens: all.inputTokens - part.inputTokens,
    outputTokens: all.outputTokens - part.outputTokens,
    cachedInputTokens: all.cachedInputTokens - part.cachedInputTokens,
    reasoningTokens: all.reasoningTokens - part.reasoningTokens,
  };
}

function endOfStep({ step, status, finishReason = 'stop', usage: parked }: StepState, usage: Usage): RunEvent[] {
  if (status === 'in_progress' && parked) return [{ type: 'run.parked', step, usage: parked }];
  if (status === 'interrupted') return [{ type: 'step.interrupted', step, reason: 'worker_lost' }];
  return status === 'completed' ? [{ type: 'step.completed', step, finishReason, usage }] : [];
}

/** In the order of a live step: the model's text, then which calls were complete, then their outcomes. */
function eventsOfStep(items: readonly OutputItem[]): RunEvent[] {
  const calls = items.filter((item) => item.type === 'tool_call');
  return [
    ...items.flatMap(wordsOf),
    ...calls.flatMap(readyOf),
    ...calls.flatMap(approvalOf),
    ...calls.flatMap(executionOf),
  ];
}

function besideText({
  logprobs,
  citations,
  image,
  compaction,
}: TextItem): Omit<EventOf<'text.delta'>, 'type' | 'step' | 'text'> {
  return {
    ...(logprobs && { logprobs }),
    ...(citations && { citations }),
    ...(image !== undefined && { image }),
    ...(compaction !== undefined && { compaction }),
  };
}

function wordsOf(item: OutputItem): RunEvent[] {
  const { step } = item;
  switch (item.type) {
    case 'text':
      return [{ type: 'text.delta', step, text: item.text, ...besideText(item) }];
    case 'reasoning':
      return [{ type: 'reasoning.delta', step, text: item.text, ...(item.seal && { seal: item.seal }) }];
    case 'refusal':
      return [{ type: 'refusal.delta', step, text: item.text }];
    case 'tool_call': {
      const { callId, name, executedBy, ofUpstream, extraContent } = item;
      const more = { ...(ofUpstream && { ofUpstream }), ...(extraContent && { extraContent }) };
      return [
        { type: 'tool_call.started', step, callId, name, executedBy, ...more },
        { type: 'tool_call.arguments.delta', step, callId, delta: item.arguments },
      ];
    }
  }
}

function approvalOf(item: ToolCallItem): RunEvent[] {
  const { step, callId, name, arguments: args, approval } = item;
  if (!approval) return [];
  const { approvalId, expiresAt, decision, by = 'policy', ask, answers } = approval;
  const call = { step, callId, approvalId };
  return [
    ...(expiresAt === undefined
      ? []
      : [{ type: 'approval.requested', ...call, name, arguments: args, expiresAt, ...(ask && { ask }) } as const]),
    ...(decision ? [{ type: 'approval.resolved', ...call, decision, by, ...(answers && { answers }) } as const] : []),
  ];
}

function readyOf({ ready, step, callId, name, arguments: args, executedBy }: ToolCallItem): RunEvent[] {
  return ready ? [{ type: 'tool_call.ready', step, callId, name, arguments: args, executedBy }] : [];
}

function executionOf(call: ToolCallItem): RunEvent[] {
  const { step, callId, name, dispatched, output, isError = false, durationMs = 0 } = call;
  if (!dispatched) return [];
  const started: RunEvent = { type: 'tool.started', step, callId, name };
  if (output === undefined) return [started];
  return [started, { type: 'tool.completed', step, callId, name, output, isError, durationMs }];
}

function terminalOf(snapshot: RunSnapshot): TerminalEvent {
  const { leftover } = snapshot;
  return { ...endOf(snapshot), ...(leftover && { leftover }) };
}

function endOf(snapshot: RunSnapshot): TerminalEvent {
  switch (snapshot.status) {
    case 'completed':
      return { type: 'run.completed', finishReason: snapshot.finishReason === 'tool_calls' ? 'tool_calls' : 'stop' };
    case 'incomplete':
      return {
        type: 'run.incomplete',
        reason: snapshot.incompleteReason ?? 'max_output_tokens',
        ...(snapshot.limit && { limit: snapshot.limit }),
      };
    case 'cancelled':
      return { type: 'run.cancelled', reason: snapshot.cancelReason ?? 'requested' };
    case 'failed':
      return { type: 'run.failed', error: snapshot.error ?? toRunError(undefined) };
    case 'queued':
    case 'running':
    case 'waiting_for_approval':
      throw new GatewayError('run_log_lost', 'The events of this run were lost.');
  }
}
