import { addUsage, type EventOf, type IncompleteReason, type LoggedEvent, type RunError } from '#libs/contract';
import type { Encoded } from '../../protocol/protocol.js';
import { cancelledError, LOST_STEP } from '../../run-errors.js';
import { NO_FRAMES } from '../../sse-frame.js';
import { anthropicError } from '../anthropic-errors.js';
import { readEcho } from '../messages-echo.js';
import { closeBlock, deltaFrame, deltaHead, openBlock } from './blocks.js';
import { continueCall, finishCall, noteRun, settleCalls, startCall, tellResult, tellRun } from './calls.js';
import { messageObject, messageUsage, stopFields, UNFINISHED } from './message-object.js';
import { frame, inTurn, type MessagesState, type Move } from './messages-state.js';
import { settleThinking, think } from './thinking.js';

/**
 * One event of a run as events of the Messages stream: `message_start`, blocks one after the other, one
 * `message_delta`, `message_stop`; or `error`, behind which nothing comes. Every block is closed before the next
 * begins.
 */
export function encode(state: MessagesState, event: LoggedEvent): Encoded<MessagesState> {
  if (state.stage === 'ended') return [state, NO_FRAMES];
  switch (event.type) {
    case 'run.queued':
      return start(state, event);
    case 'step.started':
      return [{ ...state, isCommitted: false, hidden: [], hasRefused: false }, NO_FRAMES];
    case 'text.delta':
      return speak(state, event);
    case 'refusal.delta':
      return speak({ ...state, hasRefused: true }, event);
    case 'reasoning.delta':
      return think(state, event);
    case 'tool_call.started':
      return event.executedBy === 'client' ? startCall(state, event) : [state, NO_FRAMES];
    case 'tool_call.arguments.delta':
      return continueCall(state, event.callId, event.delta);
    case 'tool_call.ready':
      return event.executedBy === 'client' ? finishCall(state, event) : noteRun(state, event);
    case 'tool.started':
      return tellRun(state, event);
    case 'tool.completed':
      return tellResult(state, event);
    case 'step.completed':
      return inTurn({ ...state, usage: addUsage(state.usage, event.usage) }, settleThinking, settleCalls, closeBlock);
    case 'step.interrupted':
      return interrupt(state);
    // Who waits for an approval finds it in the run; the stream rests on pings meanwhile.
    case 'run.started':
    case 'approval.requested':
    case 'approval.resolved':
    case 'run.parked':
    case 'run.steered':
    case 'tool.progress':
      return [state, NO_FRAMES];
    case 'run.completed':
      return finish(state, 'completed');
    case 'run.incomplete':
      return finish(state, event.reason);
    case 'run.failed':
      return breakOff(state, event.error);
    case 'run.cancelled':
      return breakOff(state, cancelledError(event.reason));
  }
}

function start(state: MessagesState, event: EventOf<'run.queued'>): Encoded<MessagesState> {
  if (state.stage !== 'new') return [state, NO_FRAMES];
  const message = messageObject(event, [], UNFINISHED);
  return [{ ...state, stage: 'started', echo: readEcho(event.echo) }, [frame('message_start', { message })]];
}

/** The hot path: a token goes on with the open block. */
function speak(state: MessagesState, { step, text }: EventOf<'text.delta' | 'refusal.delta'>): Encoded<MessagesState> {
  if (text === '') return [state, NO_FRAMES];
  const { open } = state;
  if (open?.kind === 'text' && open.step === step) return [state, [deltaFrame(open.head, text)]];
  const head = (index: number): string => deltaHead(index, 'text_delta', 'text');
  const begin = openBlock({ type: 'text', text: '', citations: null }, (index) => ({
    kind: 'text',
    step,
    head: head(index),
  }));
  return inTurn({ ...state, isCommitted: true }, settleThinking, closeBlock, begin, (begun) =>
    speak(begun, { step, text } as EventOf<'text.delta'>),
  );
}

/** The run goes on in a new step. A stream that has shown the broken one cannot follow honestly. */
function interrupt(state: MessagesState): Encoded<MessagesState> {
  if (state.isCommitted) return breakOff(state, LOST_STEP);
  return inTurn({ ...state, hidden: [] }, settleThinking, closeBlock);
}

function finish(state: MessagesState, reason: 'completed' | IncompleteReason): Encoded<MessagesState> {
  const last: Move = (settled) => {
    const { hasClientCalls, hasRefused, usage } = settled;
    const delta = stopFields({ reason, hasClientCalls, hasRefused });
    return [
      { ...settled, stage: 'ended' },
      [frame('message_delta', { delta, usage: messageUsage(usage) }), frame('message_stop', {})],
    ];
  };
  return inTurn(state, settleThinking, settleCalls, closeBlock, last);
}

function breakOff(state: MessagesState, error: RunError): Encoded<MessagesState> {
  const { type: _, ...body } = anthropicError(error);
  return [{ ...state, stage: 'ended', open: null }, [frame('error', body)]];
}
