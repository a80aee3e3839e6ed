import { hasEnded, NO_USAGE, type JsonObject, type LoggedEvent, type OutputItem, type RunEvent } from '#libs/contract';
import type { RunSnapshot } from '#libs/contract';
import { putTogether } from './accumulate.js';
import { encode } from './encode-stream.js';
import { messageUsage } from './message-object.js';
import { begin } from './messages-state.js';

/**
 * The whole answer of a run that ended as `completed` or `incomplete`. It is the run's stream, put together as clients
 * do it, so stream and answer cannot differ. Steps that were lost with their worker are not in it.
 */
export function final(snapshot: RunSnapshot): JsonObject {
  let state = begin();
  const message = putTogether(
    eventsOf(snapshot).flatMap((event) => {
      const [next, frames] = encode(state, event);
      state = next;
      return frames;
    }),
  );
  return { ...message, usage: messageUsage(snapshot.usage) };
}

/** A log that folds to the snapshot, as far as the stream shows it. */
function eventsOf(snapshot: RunSnapshot): LoggedEvent[] {
  const { runId, protocol, owner, model, echo, items, incompleteReason: reason } = snapshot;
  const lost = new Set(snapshot.steps.flatMap(({ step, status }) => (status === 'interrupted' ? [step] : [])));
  const steps = new Set(
    [...snapshot.steps, ...items.filter(({ status }) => status !== 'interrupted')].map((s) => s.step),
  );
  const end: RunEvent =
    reason && hasEnded(snapshot) ? { type: 'run.incomplete', reason } : { type: 'run.completed', finishReason: 'stop' };
  const events: RunEvent[] = [
    { type: 'run.queued', runId, protocol, owner, model, echo },
    ...[...steps].filter((step) => !lost.has(step)).flatMap((step) => eventsOfStep(step, items)),
    end,
  ];
  return events.map((event, i) => ({ ...event, seq: i + 1, at: snapshot.updatedAt }));
}

/** The model speaks first, then its calls are ready, then tools are executed: the grammar of a step. */
function eventsOfStep(step: number, all: readonly OutputItem[]): RunEvent[] {
  const items = all.filter((item) => item.step === step);
  return [
    { type: 'step.started', step, model: '', upstream: '' },
    ...items.flatMap(spoken),
    ...items.flatMap(ready),
    ...items.flatMap(executed),
    { type: 'step.completed', step, finishReason: 'stop', usage: NO_USAGE },
  ];
}

function spoken(item: OutputItem): RunEvent[] {
  const { step } = item;
  if (item.type === 'reasoning') {
    return [{ type: 'reasoning.delta', step, text: item.text, ...(item.seal && { seal: item.seal }) }];
  }
  if (item.type === 'text' && item.image !== undefined) {
    return [{ type: 'text.delta', step, text: item.text, image: item.image }];
  }
  if (item.type !== 'tool_call') return [{ type: `${item.type}.delta`, step, text: item.text }];
  const { callId, name, executedBy, extraContent } = item;
  return [
    { type: 'tool_call.started', step, callId, name, executedBy, ...(extraContent && { extraContent }) },
    { type: 'tool_call.arguments.delta', step, callId, delta: item.arguments },
  ];
}

function ready(item: OutputItem): RunEvent[] {
  if (item.type !== 'tool_call' || !item.ready) return [];
  const { step, callId, name, executedBy } = item;
  return [{ type: 'tool_call.ready', step, callId, name, executedBy, arguments: item.arguments }];
}

function executed(item: OutputItem): RunEvent[] {
  if (item.type !== 'tool_call' || !item.dispatched) return [];
  const { step, callId, name, output, isError = false } = item;
  const started: RunEvent = { type: 'tool.started', step, callId, name };
  if (output === undefined) return [started];
  return [started, { type: 'tool.completed', step, callId, name, output, isError, durationMs: 0 }];
}
