import type { RunError } from '../errors.js';
import type { JsonObject } from '../json.js';
import { foldCall } from './fold-call.js';
import { appendText, isTextDelta } from './append-text.js';
import {
  isPending,
  type Approval,
  type ItemStatus,
  type OutputItem,
  type TextItem,
  type ToolCallItem,
} from './output-item.js';
import type {
  CancelReason,
  EventOf,
  FinishReason,
  IncompleteReason,
  LoggedEvent,
  RunEvent,
  RunEventType,
  TerminalEvent,
  Usage,
} from './run-event.js';
import { addUsage, NO_USAGE } from './run-event.js';
import type { SpendLimit, SpendLimits } from '../spend/spend.js';

/** In the order of a run's life. */
export const RUN_STATUSES = [
  'queued',
  'running',
  'waiting_for_approval',
  'completed',
  'incomplete',
  'failed',
  'cancelled',
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** The steps of a run: number, and whether it was completed. The last one may be open. */
export interface StepState {
  readonly step: number;
  readonly status: ItemStatus;
  readonly model: string;
  readonly upstream: string;
  /** See `step.started`. */
  readonly leftOut?: readonly string[];
  /** See `step.started`. */
  readonly attempts?: number;
  readonly finishReason?: FinishReason;
  /**
   * Set for a completed step (absent in rows of earlier versions), and for an open step in which the run was parked.
   */
  readonly usage?: Usage;
  /** See `step.completed`. */
  readonly serviceTier?: string;
  /** See `step.completed`. */
  readonly limit?: SpendLimit;
}

/** A text that the user added during the run: the model reads it after that step (0: before the first). */
export interface Steer {
  readonly afterStep: number;
  readonly text: string;
}

/** Everything known about a run, rebuilt from its events alone. Plain JSON. */
export interface RunSnapshot {
  readonly runId: string;
  readonly protocol: string;
  readonly owner: string;
  readonly model: string;
  readonly echo: JsonObject;
  readonly metadata?: JsonObject;
  readonly parentId?: string;
  readonly sessionId?: string;
  readonly jobId?: string;
  readonly compacts?: true;
  readonly spend?: SpendLimits;
  /** Set when the store kept only the run's end and usage, without input and output: see `assertContentKept`. */
  readonly contentKept?: false;
  readonly status: RunStatus;
  readonly attempt: number;
  readonly lastSeq: number;
  /** The type of the event with that seq. */
  readonly lastType?: RunEventType;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly startedAt?: number;
  /** When the first word of the first answer arrived. */
  readonly firstTokenAt?: number;
  readonly updatedAt: number;
  readonly endedAt?: number;
  readonly steps: readonly StepState[];
  readonly items: readonly OutputItem[];
  /** Absent: no steering text became an event. */
  readonly steers?: readonly Steer[];
  /** Steering texts that came too late for the model. */
  readonly leftover?: readonly string[];
  readonly usage: Usage;
  readonly finishReason?: FinishReason;
  readonly incompleteReason?: IncompleteReason;
  /** Set when that is `max_cost`. */
  readonly limit?: SpendLimit;
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

/** The visible answer: the texts of the steps that count, separated by a blank line. */
export function outputText({ items }: Pick<RunSnapshot, 'items'>): string {
  return joinedText(
    items.filter(({ status }) => status !== 'interrupted'),
    'text',
  );
}

/**
 * Joins the texts of one kind: unchanged within a step, whatever came in between, and with STEP_SEPARATOR between
 * steps.
 */
export function joinedText(items: readonly OutputItem[], kind: TextItem['type']): string {
  let joined = '';
  let step: number | undefined;
  for (const item of items) {
    if (item.type !== kind || item.text === '') continue;
    joined += step === undefined || step === item.step ? item.text : STEP_SEPARATOR + item.text;
    step = item.step;
  }
  return joined;
}

/** Separates the texts of two steps where a protocol has one text for the whole run. */
export const STEP_SEPARATOR = '\n\n';

export function hasEnded({ status }: Pick<RunSnapshot, 'status'>): boolean {
  return status !== 'queued' && status !== 'running' && status !== 'waiting_for_approval';
}

/** A call whose approval was requested and is not answered. */
export type PendingCall = ToolCallItem & {
  readonly approval: Required<Pick<Approval, 'requestedAt' | 'expiresAt'>> & Approval;
};

/** The calls that wait for an answer, in the order in which they were made. None once the run has ended. */
export function pendingCalls(snapshot: RunSnapshot): PendingCall[] {
  if (hasEnded(snapshot)) return [];
  return snapshot.items.filter((item): item is PendingCall => item.type === 'tool_call' && isPending(item));
}

/**
 * Reduces events with `fold`. Neighbouring deltas of one text are folded as one, because a log is mostly deltas and
 * each fold copies.
 */
export function foldAll(events: Iterable<LoggedEvent>, from: RunSnapshot = EMPTY_SNAPSHOT): RunSnapshot {
  let snapshot = from;
  let held: LoggedEvent | undefined;
  for (const event of events) {
    const joined = held && joinDeltas(held, event);
    if (held && !joined) snapshot = fold(snapshot, held);
    held = joined ?? event;
  }
  return held ? fold(snapshot, held) : snapshot;
}

function joinDeltas(one: LoggedEvent, next: LoggedEvent): LoggedEvent | undefined {
  if (one.type !== next.type || !isTextDelta(one) || !isTextDelta(next) || one.step !== next.step) return undefined;
  if (!isPlainDelta(one) || !isPlainDelta(next)) return undefined;
  return { ...next, text: one.text + next.text };
}

/** Whether a delta has nothing but its text. */
export const isPlainDelta = (delta: RunEvent): boolean =>
  !('logprobs' in delta || 'seal' in delta || 'citations' in delta || isSomethingElse(delta));

const isSomethingElse = (delta: RunEvent): boolean => 'image' in delta || 'compaction' in delta || 'vectors' in delta;

/** The only reducer over RunEvent: API answers, resume point, rows and pages are all made from its result. */
export function fold(before: RunSnapshot, event: LoggedEvent): RunSnapshot {
  const snapshot: RunSnapshot = { ...before, lastSeq: event.seq, lastType: event.type, updatedAt: event.at };
  switch (event.type) {
    case 'run.queued': {
      // The event's fields have the snapshot's names.
      const { type: _, seq: __, at: createdAt, ...facts } = event;
      return { ...snapshot, ...facts, createdAt };
    }
    case 'run.started':
      return withWaitingStatus({ ...snapshot, attempt: event.attempt, startedAt: before.startedAt ?? event.at });
    case 'step.started': {
      const { step, model, upstream, leftOut, attempts } = event;
      const more = { ...(leftOut && { leftOut }), ...(attempts !== undefined && { attempts }) };
      const begun: StepState = { step, model, upstream, ...more, status: 'in_progress' };
      // The event is written together with the first word.
      return { ...snapshot, steps: [...before.steps, begun], firstTokenAt: before.firstTokenAt ?? event.at };
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
    case 'approval.requested':
    case 'approval.resolved':
      return withWaitingStatus({ ...snapshot, items: foldCall(before.items, event) });
    case 'tool.progress':
      return event.handle ? { ...snapshot, items: foldCall(before.items, event) } : snapshot;
    case 'run.parked':
      return {
        ...snapshot,
        steps: before.steps.map((s) => (s.step === event.step ? { ...s, usage: event.usage } : s)),
      };
    case 'run.steered':
      return { ...snapshot, steers: [...(before.steers ?? []), steerOf(before, event.text)] };
    case 'step.completed':
      return {
        ...closeStep(snapshot, event.step, 'completed', event),
        usage: addUsage(before.usage, event.usage),
      };
    case 'step.interrupted':
      return closeStep(snapshot, event.step, 'interrupted');
    case 'run.completed':
      return { ...ended(snapshot, event), status: 'completed', finishReason: event.finishReason };
    case 'run.incomplete': {
      const { reason: incompleteReason, limit } = event;
      return { ...ended(snapshot, event), status: 'incomplete', incompleteReason, ...(limit && { limit }) };
    }
    case 'run.failed':
      return { ...ended(snapshot, event), status: 'failed', error: event.error };
    case 'run.cancelled':
      return { ...ended(snapshot, event), status: 'cancelled', cancelReason: event.reason };
    default:
      return unknownEvent(event, snapshot);
  }
}

/** A newer version wrote the event, and this version ignores it. `never` keeps the switch above complete. */
const unknownEvent = (_: never, snapshot: RunSnapshot): RunSnapshot => snapshot;

/** Keeps the cost of a parked run's open step when the run ends there. */
function ended(snapshot: RunSnapshot, { at, leftover }: LoggedEvent<TerminalEvent>): RunSnapshot {
  const { status, usage: open = NO_USAGE } = snapshot.steps.at(-1) ?? {};
  const usage = status === 'in_progress' ? addUsage(snapshot.usage, open) : snapshot.usage;
  return { ...snapshot, endedAt: at, usage, ...(leftover && { leftover }) };
}

/** A started run is waiting as long as any of its calls awaits approval. */
function withWaitingStatus(snapshot: RunSnapshot): RunSnapshot {
  const waits = snapshot.items.some((item) => item.type === 'tool_call' && isPending(item));
  return { ...snapshot, status: waits ? 'waiting_for_approval' : 'running' };
}

function steerOf({ steps }: RunSnapshot, text: string): Steer {
  return { afterStep: steps.at(-1)?.step ?? 0, text };
}

function closeStep(
  snapshot: RunSnapshot,
  step: number,
  status: ItemStatus,
  end?: Pick<EventOf<'step.completed'>, 'finishReason' | 'usage' | 'serviceTier' | 'limit'>,
): RunSnapshot {
  const tier = end?.serviceTier !== undefined && { serviceTier: end.serviceTier };
  const limit = end?.limit && { limit: end.limit };
  const facts = end && { finishReason: end.finishReason, usage: end.usage, ...tier, ...limit };
  return {
    ...snapshot,
    items: snapshot.items.map((item) => (item.step === step ? { ...item, status } : item)),
    steps: snapshot.steps.map((s) => (s.step === step ? { ...s, status, ...facts } : s)),
  };
}
