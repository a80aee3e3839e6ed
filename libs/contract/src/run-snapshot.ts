import type { RunError } from './errors.js';
import type { JsonObject, JsonValue } from './json.js';
import type {
  CancelReason,
  ExecutedBy,
  FinishReason,
  IncompleteReason,
  LoggedEvent,
  RunEventType,
  Usage,
} from './run-event.js';
import { addUsage, NO_USAGE } from './run-event.js';

export type RunStatus = 'queued' | 'running' | 'completed' | 'incomplete' | 'failed' | 'cancelled';

/** `interrupted`: its step was broken off by a lost worker; listeners saw it, the run does not build on it. */
export type ItemStatus = 'in_progress' | 'completed' | 'interrupted';

interface ItemBase {
  readonly step: number;
  readonly status: ItemStatus;
}

export interface TextItem extends ItemBase {
  readonly type: 'text' | 'reasoning' | 'refusal';
  readonly text: string;
  readonly logprobs?: readonly JsonValue[];
}

export interface ToolCallItem extends ItemBase {
  readonly type: 'tool_call';
  readonly callId: string;
  readonly name: string;
  readonly arguments: string;
  readonly executedBy: ExecutedBy;
  /** The arguments are whole. */
  readonly ready: boolean;
  /** A server tool was dispatched; without `output` its outcome is unknown. */
  readonly dispatched: boolean;
  readonly output?: string;
  readonly isError?: boolean;
  readonly durationMs?: number;
}

export type OutputItem = TextItem | ToolCallItem;

/** The steps of a run: number, and whether it was completed. The last one may be open. */
export interface StepState {
  readonly step: number;
  readonly status: ItemStatus;
  readonly model: string;
  readonly upstream: string;
  readonly finishReason?: FinishReason;
}

/** Everything that is known about a run, rebuilt from its events and from nothing else. Plain JSON. */
export interface RunSnapshot {
  readonly runId: string;
  readonly protocol: string;
  readonly owner: string;
  readonly model: string;
  readonly echo: JsonObject;
  readonly metadata?: JsonObject;
  readonly status: RunStatus;
  readonly attempt: number;
  readonly lastSeq: number;
  /** The type of the event with that seq. */
  readonly lastType?: RunEventType;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly updatedAt: number;
  readonly endedAt?: number;
  readonly steps: readonly StepState[];
  readonly items: readonly OutputItem[];
  readonly usage: Usage;
  readonly finishReason?: FinishReason;
  readonly incompleteReason?: IncompleteReason;
  readonly cancelReason?: CancelReason;
  readonly error?: RunError;
}

export const EMPTY_SNAPSHOT: RunSnapshot = {
  runId: '',
  protocol: '',
  owner: '',
  model: '',
  echo: {},
  status: 'queued',
  attempt: 0,
  lastSeq: 0,
  createdAt: 0,
  updatedAt: 0,
  steps: [],
  items: [],
  usage: NO_USAGE,
};

/** The visible answer: the texts of all surviving items, apart by a blank line. */
export function outputText(snapshot: RunSnapshot): string {
  const texts: string[] = [];
  for (const item of snapshot.items) {
    if (item.type === 'text' && item.status !== 'interrupted' && item.text !== '') texts.push(item.text);
  }
  return texts.join(STEP_SEPARATOR);
}

/** Stands between two text items wherever a protocol has one text for the whole run. */
export const STEP_SEPARATOR = '\n\n';

export function hasEnded(snapshot: RunSnapshot): boolean {
  return snapshot.status !== 'queued' && snapshot.status !== 'running';
}

/** Folds a whole log; shorthand for reducing with `fold`. */
export function foldAll(events: Iterable<LoggedEvent>, from: RunSnapshot = EMPTY_SNAPSHOT): RunSnapshot {
  let snapshot = from;
  for (const event of events) snapshot = fold(snapshot, event);
  return snapshot;
}

/** The only reducer over RunEvent: API answers, resume point, rows and pages are all made from its result. */
export function fold(before: RunSnapshot, event: LoggedEvent): RunSnapshot {
  const snapshot: RunSnapshot = { ...before, lastSeq: event.seq, lastType: event.type, updatedAt: event.at };
  switch (event.type) {
    case 'run.queued': {
      const { runId, protocol, owner, model, echo, metadata } = event;
      return { ...snapshot, runId, protocol, owner, model, echo, createdAt: event.at, ...(metadata && { metadata }) };
    }
    case 'run.started':
      return { ...snapshot, status: 'running', attempt: event.attempt, startedAt: before.startedAt ?? event.at };
    case 'step.started': {
      const { step, model, upstream } = event;
      return { ...snapshot, steps: [...before.steps, { step, model, upstream, status: 'in_progress' }] };
    }
    case 'text.delta':
    case 'reasoning.delta':
    case 'refusal.delta':
      return { ...snapshot, items: appendText(before.items, event) };
    case 'tool_call.started':
    case 'tool_call.arguments.delta':
    case 'tool_call.ready':
    case 'tool.started':
    case 'tool.completed':
      return { ...snapshot, items: foldCall(before.items, event) };
    case 'tool.progress':
      return snapshot;
    case 'step.completed':
      return {
        ...closeStep(snapshot, event.step, 'completed', event.finishReason),
        usage: addUsage(before.usage, event.usage),
      };
    case 'step.interrupted':
      return closeStep(snapshot, event.step, 'interrupted');
    case 'run.completed':
      return { ...snapshot, status: 'completed', endedAt: event.at, finishReason: event.finishReason };
    case 'run.incomplete':
      return { ...snapshot, status: 'incomplete', endedAt: event.at, incompleteReason: event.reason };
    case 'run.failed':
      return { ...snapshot, status: 'failed', endedAt: event.at, error: event.error };
    case 'run.cancelled':
      return { ...snapshot, status: 'cancelled', endedAt: event.at, cancelReason: event.reason };
  }
}

type TextDelta = LoggedEvent & { type: 'text.delta' | 'reasoning.delta' | 'refusal.delta' };
const ITEM_OF = { 'text.delta': 'text', 'reasoning.delta': 'reasoning', 'refusal.delta': 'refusal' } as const;

function appendText(items: readonly OutputItem[], event: TextDelta): readonly OutputItem[] {
  const type = ITEM_OF[event.type];
  const logprobs = event.type === 'text.delta' ? event.logprobs : undefined;
  const last = items.at(-1);
  if (last?.type !== type || last.step !== event.step) {
    return [
      ...items,
      { type, step: event.step, status: 'in_progress', text: event.text, ...(logprobs && { logprobs }) },
    ];
  }
  const merged = logprobs ? { logprobs: [...(last.logprobs ?? []), ...logprobs] } : {};
  return items.with(-1, { ...last, text: last.text + event.text, ...merged });
}

type CallEvent = LoggedEvent & {
  type: 'tool_call.started' | 'tool_call.arguments.delta' | 'tool_call.ready' | 'tool.started' | 'tool.completed';
};

function foldCall(items: readonly OutputItem[], event: CallEvent): readonly OutputItem[] {
  if (event.type === 'tool_call.started') {
    const { step, callId, name, executedBy } = event;
    const call = { type: 'tool_call', step, callId, name, executedBy } as const;
    return [...items, { ...call, status: 'in_progress', arguments: '', ready: false, dispatched: false }];
  }
  const at = items.findLastIndex((item) => item.type === 'tool_call' && item.callId === event.callId);
  const call = items[at];
  if (call?.type !== 'tool_call') return items;
  return items.with(at, { ...call, ...callChange(call, event) });
}

function callChange(
  call: ToolCallItem,
  event: Exclude<CallEvent, { type: 'tool_call.started' }>,
): Partial<ToolCallItem> {
  switch (event.type) {
    case 'tool_call.arguments.delta':
      return { arguments: call.arguments + event.delta };
    case 'tool_call.ready':
      return { arguments: event.arguments, ready: true };
    case 'tool.started':
      return { dispatched: true };
    case 'tool.completed':
      return { output: event.output, isError: event.isError, durationMs: event.durationMs };
  }
}

function closeStep(snapshot: RunSnapshot, step: number, status: ItemStatus, finishReason?: FinishReason): RunSnapshot {
  return {
    ...snapshot,
    items: snapshot.items.map((item) => (item.step === step ? { ...item, status } : item)),
    steps: snapshot.steps.map((s) => (s.step === step ? { ...s, status, ...(finishReason && { finishReason }) } : s)),
  };
}
