import { addUsage, type EventOf, type IncompleteReason, type LoggedEvent } from '#libs/contract';
import type { Encoded } from '../../protocol/protocol.js';
import { cancelledError, LOST_STEP } from '../../run-errors.js';
import { NO_FRAMES } from '../../sse-frame.js';
import { readEcho } from '../messages-echo.js';
import { approvalWords } from '../../runs/approval-words.js';
import { breakOff, closeBlock, delta, deltaFrame, deltaHead, openBlock } from './blocks.js';
import { continueCall, finishCall, hold, isWhole, mustWait, startCall, tellAttached } from './client-calls.js';
import { messageObject, messageUsage, stopFields, UNFINISHED } from './message-object.js';
import { inTurn, type Move } from '../../protocol/moves.js';
import { frame, NEW_STEP, type MessagesState } from './messages-state.js';
import { changeRun, noteRun, settleRuns, tellRuns } from './server-runs.js';
import { inWords } from './picture-note.js';
import { settleThinking, think } from './thinking.js';

/**
 * One event of a run as events of the Messages stream: `message_start`, blocks one after the other, one
 * `message_delta`, `message_stop`; or `error`, after which nothing follows. Every block is closed before the next one
 * begins.
 */
export function encode(state: MessagesState, said: LoggedEvent): Encoded<MessagesState> {
  if (state.stage === 'ended') return [state, NO_FRAMES];
  const event = inWords(said);
  if (mustWait(state, event)) {
    const waiting = { ...state, held: hold(state.held, event) };
    if (event.type !== 'tool_call.started' || !isWhole(state)) return [waiting, NO_FRAMES];
    return inTurn(waiting, closeBlock, releaseHeld);
  }
  const [next, frames] = encodeOne(state, event);
  if (next.held.length === 0 || next.open?.kind === 'tool_use') return [next, frames];
  const [released, more] = releaseHeld(next);
  return [released, [...frames, ...more]];
}

/**
 * Encodes the events that waited for the block of a call. The next call's block may hold the remaining ones back again.
 */
const releaseHeld: Move<MessagesState> = (state) => {
  const moves = state.held.map(
    (event): Move<MessagesState> =>
      (open) =>
        encode(open, event),
  );
  return inTurn({ ...state, held: [] }, ...moves);
};

function encodeOne(state: MessagesState, event: LoggedEvent): Encoded<MessagesState> {
  switch (event.type) {
    case 'run.queued':
      return start(state, event);
    case 'step.started':
      return [{ ...state, ...NEW_STEP }, NO_FRAMES];
    case 'text.delta':
      return speak(state, event);
    case 'refusal.delta':
      return speak({ ...state, hasRefused: true }, event);
    case 'reasoning.delta':
      return think(state, event);
    case 'tool_call.started':
      return event.executedBy === 'client' ? startCall(state, event) : noteRun(state, event);
    case 'tool_call.arguments.delta':
      return continueCall(state, event.callId, event.delta);
    case 'tool_call.ready':
      if (event.executedBy === 'client') return inTurn(state, (open) => finishCall(open, event), tellRuns);
      return changeRun(state, event.callId, { arguments: event.arguments });
    case 'tool.started':
      return inTurn(state, (open) => changeRun(open, event.callId, { hasStarted: true }), tellRuns);
    case 'tool.completed': {
      const { output, isError } = event;
      return inTurn(state, (open) => changeRun(open, event.callId, { result: { output, isError } }), tellRuns);
    }
    case 'step.completed':
      return settleStep({ ...state, usage: addUsage(state.usage, event.usage) });
    case 'step.interrupted':
      return interrupt(state);
    case 'approval.requested':
      return sayApproval(state, event);
    // The stream carries only pings while a call waits.
    case 'run.started':
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
  const echo = readEcho(event.echo);
  const says = echo.saysApprovals && { saysApprovalsOf: event.runId };
  return [{ ...state, stage: 'started', echo, ...says }, [frame('message_start', { message })]];
}

/**
 * The request in words, as a block of its own. They are the gateway's: no answer that is kept has them, and no part of
 * the answer was sent with them.
 */
function sayApproval(state: MessagesState, event: EventOf<'approval.requested'>): Encoded<MessagesState> {
  const runId = state.saysApprovalsOf;
  if (runId === undefined) return [state, NO_FRAMES];
  const { step } = event;
  const begin = openBlock({ type: 'text', text: '', citations: null }, () => ({ kind: 'text', step, head: '' }));
  const words = delta({ type: 'text_delta', text: approvalWords(event, runId) });
  return inTurn(state, settleThinking, closeBlock, begin, words, closeBlock);
}

/** The hot path: a token continues the open block. */
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

/** The run continues in a new step. A stream that has shown the broken step cannot show the new one as one answer. */
function interrupt(state: MessagesState): Encoded<MessagesState> {
  if (state.isCommitted) return breakOff(state, LOST_STEP);
  return inTurn({ ...state, ...NEW_STEP }, settleThinking, closeBlock);
}

function finish(state: MessagesState, reason: 'completed' | IncompleteReason): Encoded<MessagesState> {
  const last: Move<MessagesState> = (settled) => {
    if (settled.stage === 'ended') return [settled, NO_FRAMES];
    const { hasClientCalls, hasRefused, usage } = settled;
    const delta = stopFields({ reason, hasClientCalls, hasRefused });
    return [
      { ...settled, stage: 'ended' },
      [frame('message_delta', { delta, usage: messageUsage(usage) }), frame('message_stop', {})],
    ];
  };
  return inTurn(state, settleStep, last);
}

/** Ends the step: every call that began is sent as far as it came, and so is all text that waited for it. */
const settleStep: Move<MessagesState> = (state) => {
  if (state.stage === 'ended') return [state, NO_FRAMES];
  if (state.held.length === 0) return inTurn(state, settleThinking, closeBlock, settleRuns, tellAttached);
  return inTurn(state, settleThinking, closeBlock, releaseHeld, settleStep);
};
