import {
  EMPTY_SNAPSHOT,
  fold,
  hasEnded,
  isTerminal,
  joinedText,
  outputText,
  type EventOf,
  type JsonObject,
  type LoggedEvent,
  type RunSnapshot,
  type TerminalEvent,
  type ToolCallItem,
} from '#libs/contract';
import { parseArguments, previewOf } from '../arguments-preview.js';
import type { Encoded } from '../protocol/protocol.js';
import { NO_FRAMES, type SseFrame } from '../sse-frame.js';
import { approvalFacts } from './approval-object.js';
import { EVENT_NAMES, LIMIT_REACHED, REASONING_AVAILABLE } from './event-names.js';
import { limitFields, runError, runUsage, seconds } from './run-facts.js';

/** The run so far: terminal events carry its whole output and usage. */
export type RunsState = RunSnapshot;

/**
 * The stream of GET /v1/runs/{id}/events: `data: {event, run_id, timestamp, seq, ...}`, each with its own `id:`
 * `<run>:<seq>`, ended by the comment `stream closed`. Deltas are sent unchanged: `step` says which belong together,
 * and `output` of the terminal event is the final text.
 */
export const runsEncoder = {
  begin: (): RunsState => EMPTY_SNAPSHOT,
  encode(state: RunsState, event: LoggedEvent): Encoded<RunsState> {
    if (hasEnded(state)) return [state, NO_FRAMES];
    const run = fold(state, event);
    const fields = isTerminal(event) ? fieldsOfEnd(event, run) : fieldsOf(event, run);
    if (!fields) return [run, NO_FRAMES];
    const frames = [...reasoningOf(run, event), ...limitOf(run, event), frameOf(run, event, fields)];
    return [run, hasEnded(run) ? [...frames, CLOSED] : frames];
  },
  /** The stream just ends: its listener comes back with the last id that it heard. */
  breakOff: (): readonly SseFrame[] => NO_FRAMES,
};

const CLOSED: SseFrame = { comment: 'stream closed' };

function frameOf({ runId }: RunSnapshot, { type, at, seq }: LoggedEvent, fields: JsonObject): SseFrame {
  const head = { event: EVENT_NAMES[type], run_id: runId, timestamp: seconds(at), seq };
  return { id: `${runId}:${seq}`, data: JSON.stringify({ ...head, ...fields }) };
}

/**
 * The complete reasoning of a step, before the step's end: clients of the Hermes API server know no other form of it.
 * It has no id, so a client that is cut off after it gets both again.
 */
function reasoningOf({ runId, items }: RunSnapshot, event: LoggedEvent): SseFrame[] {
  if (event.type !== 'step.completed') return [];
  const { step, at, seq } = event;
  const text = joinedText(
    items.filter((item) => item.step === step),
    'reasoning',
  );
  if (text === '') return [];
  const head = { event: REASONING_AVAILABLE, run_id: runId, timestamp: seconds(at), seq };
  return [{ data: JSON.stringify({ ...head, text, step }) }];
}

/** Says which bound of the cost ends the run, before its end. It has no id either. */
function limitOf({ runId }: RunSnapshot, event: LoggedEvent): SseFrame[] {
  if (event.type !== 'run.incomplete' || !event.limit) return [];
  const head = { event: LIMIT_REACHED, run_id: runId, timestamp: seconds(event.at), seq: event.seq };
  return [{ data: JSON.stringify({ ...head, ...limitFields(event.limit) }) }];
}

/** The fields of an event besides its head. undefined for an event that listeners do not get. */
function fieldsOf(event: Exclude<LoggedEvent, TerminalEvent>, run: RunSnapshot): JsonObject | undefined {
  switch (event.type) {
    case 'run.queued':
      return { model: event.model };
    case 'run.started':
      return { attempt: event.attempt };
    case 'step.started':
      return { step: event.step, model: event.model };
    case 'text.delta':
      return messagePiece(event);
    case 'reasoning.delta':
      return event.text === '' ? undefined : { text: event.text, step: event.step };
    case 'refusal.delta':
      return { delta: event.text, step: event.step };
    case 'tool_call.started':
    case 'tool_call.arguments.delta':
      return undefined;
    case 'tool_call.ready':
      return event.executedBy === 'client' ? clientCall(event) : undefined;
    case 'approval.requested':
      return { ...approvalFacts(event), step: event.step };
    case 'approval.resolved':
      return approvalAnswer(event);
    case 'run.parked':
      return { step: event.step };
    case 'run.steered':
      return { accepted: true, text: event.text };
    case 'tool.started':
      return toolStart(event, callOf(run, event.callId));
    case 'tool.progress':
      return { tool: callOf(run, event.callId)?.name ?? null, call_id: event.callId, text: event.text };
    case 'tool.completed':
      return toolEnd(event);
    case 'step.completed':
      return { step: event.step, finish_reason: event.finishReason, usage: runUsage(event.usage) };
    case 'step.interrupted':
      return { step: event.step, reason: event.reason };
  }
}

/** An image comes complete, as an item of its own. */
function messagePiece({ text, step, image }: EventOf<'text.delta'>): JsonObject | undefined {
  if (image !== undefined) return { delta: text, step, image };
  return text === '' ? undefined : { delta: text, step };
}

function fieldsOfEnd(event: TerminalEvent, run: RunSnapshot): JsonObject {
  const leftover = event.leftover && { pending_steer: event.leftover.join('\n') };
  const result = { output: outputText(run), usage: runUsage(run.usage), ...leftover };
  switch (event.type) {
    case 'run.completed':
      return { finish_reason: event.finishReason, ...result };
    case 'run.incomplete':
    case 'run.cancelled':
      return { reason: event.reason, ...result };
    case 'run.failed':
      return { error: runError(event.error), ...result };
  }
}

function clientCall({ name, callId, arguments: args }: EventOf<'tool_call.ready'>): JsonObject {
  return { name, call_id: callId, arguments: args };
}

function approvalAnswer({ approvalId, callId, decision, by, answers }: EventOf<'approval.resolved'>): JsonObject {
  return { choice: decision, resolved: 1, request_id: approvalId, call_id: callId, by, ...(answers && { answers }) };
}

function toolStart({ name, callId }: EventOf<'tool.started'>, call: ToolCallItem | undefined): JsonObject {
  const text = call?.arguments ?? '';
  return { tool: name, preview: previewOf(text) ?? null, call_id: callId, args: parseArguments(text) ?? null };
}

function toolEnd({ name, callId, durationMs, isError, output }: EventOf<'tool.completed'>): JsonObject {
  return { tool: name, duration: durationMs / 1_000, error: isError, call_id: callId, output };
}

function callOf({ items }: RunSnapshot, callId: string): ToolCallItem | undefined {
  return items.findLast((item): item is ToolCallItem => item.type === 'tool_call' && item.callId === callId);
}
