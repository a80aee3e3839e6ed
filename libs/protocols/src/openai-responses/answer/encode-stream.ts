import {
  fold,
  isTerminal,
  type EventOf,
  type JsonObject,
  type LoggedEvent,
  type RunError,
  type TerminalEvent,
} from '#libs/contract';
import { errorBody } from '../../error-body.js';
import type { Encoded } from '../../protocol/protocol.js';
import { NO_FRAMES, type SseFrame } from '../../sse-frame.js';
import { answerCall, completeArguments, continueCall, dispatchCall, settleCalls, startCall } from './call-stream.js';
import { innerCompactionItem } from './compaction-item.js';
import { responseObject } from './response-object.js';
import { readEcho } from './responses-echo.js';
import { inTurn, type Move } from '../../protocol/moves.js';
import { say, type ResponsesState } from './responses-state.js';
import { responseTold, tellApproval } from './tell-approval.js';
import { settleText, showImage, speak } from './text-stream.js';

/**
 * One event of a run as events of the Responses stream, in the published order: `response.created`,
 * [`response.queued`], `response.in_progress`, items, one of `response.completed`, `failed`, `incomplete`, then [DONE].
 * One function opens every item and one closes it, and the end closes what is still open, so no log can produce events
 * out of order.
 *
 * `sequence_number` counts the frames from 0; [DONE] has none. It depends on the log alone. So a stream is resumed by
 * encoding the log again and leaving out the frames that the client has: see `resumedAfter`.
 */
export function encode(state: ResponsesState, event: LoggedEvent): Encoded<ResponsesState> {
  if (state.stage === 'ended') return [state, NO_FRAMES];
  if (state.stage === 'new' && event.type !== 'run.queued') return beforeTheBeginning(state, event);
  switch (event.type) {
    case 'text.delta':
      if (event.compaction !== undefined) return showCompaction(state, event, event.compaction);
      if (event.image !== undefined && !state.run.compacts) return showImage(state, event);
      return state.run.compacts ? taken(event)(state) : speak(state, event);
    case 'reasoning.delta':
    case 'refusal.delta':
      return state.run.compacts ? taken(event)(state) : speak(state, event);
    case 'run.queued':
      return create(state, event);
    case 'run.started':
      return inTurn({ ...state, run: fold(state.run, event) }, open);
    // This protocol has no event for it. The run with the same digits shows an open approval, too.
    case 'approval.requested':
      return tellApproval(state, event);
    case 'approval.resolved':
    case 'run.parked':
    case 'run.steered':
    case 'step.started':
      return [{ ...state, run: fold(state.run, event) }, NO_FRAMES];
    case 'tool_call.started':
      return startCall(state, event);
    case 'tool_call.arguments.delta':
      return continueCall(state, event.callId, event.delta);
    case 'tool_call.ready':
      return completeArguments(state, event);
    case 'tool.started':
      return dispatchCall(state, event);
    case 'tool.progress':
      return [state, NO_FRAMES];
    case 'tool.completed':
      return answerCall(state, event);
    case 'step.completed':
      return completeStep(state, event);
    case 'step.interrupted':
      return inTurn(state, settleText('incomplete', event), settleCalls(false, event), taken(event));
    case 'run.completed':
    case 'run.incomplete':
    case 'run.failed':
    case 'run.cancelled':
      return end(state, event);
  }
}

const DONE: SseFrame = { data: '[DONE]' };

/** A background response waits and says so. For a client that listens, a response is in progress from the beginning. */
function create(state: ResponsesState, event: LoggedEvent<EventOf<'run.queued'>>): Encoded<ResponsesState> {
  if (state.stage !== 'new') return [state, NO_FRAMES];
  const run = fold(state.run, event);
  const created: ResponsesState = { ...state, run, echo: readEcho(run.echo), stage: 'created' };
  const isBackground = created.echo.fields['background'] === true;
  const response = responseObject(isBackground ? run : { ...run, status: 'running' });
  const queued = isBackground ? [say('response.queued', { response })] : [];
  return inTurn(created, say('response.created', { response }), ...queued);
}

/** Once per response, however many attempts there are. */
const open: Move<ResponsesState> = (state) => {
  if (state.stage !== 'created') return [state, NO_FRAMES];
  const response = responseObject({ ...state.run, status: 'running' });
  return inTurn({ ...state, stage: 'open' }, say('response.in_progress', { response }));
};

function completeStep(state: ResponsesState, event: LoggedEvent<EventOf<'step.completed'>>): Encoded<ResponsesState> {
  const isCut = event.finishReason === 'length' || event.finishReason === 'content_filter';
  const phase = state.calls.length > 0 ? 'commentary' : 'final_answer';
  const text = settleText(isCut ? 'incomplete' : 'completed', event, phase);
  return inTurn(state, text, settleCalls(true, event), taken(event));
}

function taken(event: LoggedEvent): Move<ResponsesState> {
  return (state) => [{ ...state, run: fold(state.run, event) }, NO_FRAMES];
}

/**
 * No stream event is published for a cancelled response. It is sent as a failure, because clients take
 * `response.incomplete` for an answer, and agents repeat the whole request after it.
 */
const LAST_EVENT: Readonly<Record<string, string>> = {
  completed: 'response.completed',
  incomplete: 'response.incomplete',
  failed: 'response.failed',
  cancelled: 'response.failed',
};

function end(state: ResponsesState, event: LoggedEvent<TerminalEvent>): Encoded<ResponsesState> {
  const lastWords: Move<ResponsesState> = (settled) => {
    const response = responseTold(settled.run, settled.told);
    const [item] = settled.run.compacts ? (response['output'] as readonly JsonObject[]) : [];
    const compacted = item ? compactionTold(item) : [];
    return inTurn(
      settled,
      ...compacted,
      say(LAST_EVENT[String(response['status'])] ?? 'response.failed', { response }),
    );
  };
  const done: Move<ResponsesState> = (told) => [{ ...told, stage: 'ended' }, [DONE]];
  return inTurn(state, open, settleText('incomplete', event), settleCalls(false, event), taken(event), lastWords, done);
}

/** A summary that the run made in the middle: later steps build on it. */
function showCompaction(state: ResponsesState, event: LoggedEvent, summary: string): Encoded<ResponsesState> {
  return inTurn(state, settleText('completed', event, 'commentary'), (settled) => {
    const { run, outputCount } = settled;
    const item = innerCompactionItem(run.runId, run.items.length, summary);
    const next = { ...settled, run: fold(run, event), outputCount: outputCount + 1 };
    return inTurn(next, ...compactionTold(item, outputCount));
  });
}

/** A summary is sent when it is complete, because half of one is of no use. */
function compactionTold(item: JsonObject, output_index = 0): readonly Move<ResponsesState>[] {
  return [
    say('response.output_item.added', { output_index, item: { ...item, encrypted_content: '' } }),
    say('response.output_item.done', { output_index, item }),
  ];
}

/** The log could not be read, so there is no response yet, and the failure is a plain `error` event. */
function beforeTheBeginning(state: ResponsesState, event: LoggedEvent): Encoded<ResponsesState> {
  if (!isTerminal(event)) return [state, NO_FRAMES];
  const done: Move<ResponsesState> = (told) => [{ ...told, stage: 'ended' }, [DONE]];
  return event.type === 'run.failed' ? inTurn(state, say('error', errorBody(event.error)), done) : done(state);
}

/** The response goes on, but nobody can tell more of it now: a plain `error` event, and nothing of the response. */
export function breakOff(state: ResponsesState, error: RunError): readonly SseFrame[] {
  const [, frames] = say('error', errorBody(error))(state);
  return [...frames, DONE];
}
