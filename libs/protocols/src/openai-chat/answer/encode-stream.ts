import { addUsage, STEP_SEPARATOR, type EventOf, type JsonValue, type LoggedEvent } from '#libs/contract';
import type { Encoded } from '../../protocol/protocol.js';
import { cancelledError, LOST_STEP } from '../../run-errors.js';
import { NO_FRAMES } from '../../sse-frame.js';
import { continueCall, finishCall, startCall } from './call-chunks.js';
import { FINISH_OF_INCOMPLETE, finishOfCompleted } from './chat-answer.js';
import { readEcho } from '../chat-echo.js';
import type { ChatState } from './chat-state.js';
import { messageExtraContent, reasoningDetails } from '../../messages/reasoning-details.js';
import { chunkShape, deltaChunk, logprobsChunk, textChunk, type QueuedEvent, type TextField } from './chunk.js';
import { approvalWords } from '../../runs/approval-words.js';
import { showApprovalAnswer, showApprovalRequest } from './approval-progress.js';
import { showParts } from './shown-parts.js';
import { breakOff, finish } from './stream-end.js';
import { noteServerCall, showToolEnd, showToolStart } from './tool-progress.js';

/**
 * One event of a run as Chat Completions chunks. A stream begins with the role chunk at `run.started`, then come
 * deltas, then either a finish chunk, usage if asked for and [DONE], or an error and [DONE]. Nothing follows [DONE].
 *
 * All content deltas together are the run's `outputText`; all argument fragments of a call are its arguments.
 */
export function encode(state: ChatState, event: LoggedEvent): Encoded<ChatState> {
  if (state.ended) return [state, NO_FRAMES];
  switch (event.type) {
    case 'run.queued':
      return [queue(state, event), NO_FRAMES];
    case 'run.started':
      return open(state);
    case 'step.started':
      return [{ ...state, committed: false }, NO_FRAMES];
    case 'text.delta':
      return event.citations || event.image !== undefined ? sayParts(state, event) : say(state, event);
    case 'reasoning.delta':
      return think(state, event);
    case 'refusal.delta':
      return speak(state, 'refusal', event);
    case 'tool_call.started':
      return event.executedBy === 'client' ? startCall(state, event) : [state, NO_FRAMES];
    case 'tool_call.arguments.delta':
      return continueCall(state, event.callId, event.delta);
    case 'tool_call.ready':
      return event.executedBy === 'client' ? finishCall(state, event) : noteServerCall(state, event);
    case 'approval.requested':
      return sayApproval(showApprovalRequest(state, event), event);
    case 'approval.resolved':
      return showApprovalAnswer(state, event);
    case 'run.parked':
    case 'run.steered':
      return [state, NO_FRAMES];
    case 'tool.started':
      return showToolStart(state, event);
    case 'tool.completed':
      return showToolEnd(state, event);
    case 'tool.progress':
      return [state, NO_FRAMES];
    case 'step.completed':
      return [takeStep(state, event), NO_FRAMES];
    case 'step.interrupted':
      return interrupt(state);
    case 'run.completed':
      return finish(state, finishOfCompleted(event.finishReason, state.calls.length > 0));
    case 'run.incomplete':
      return finish(state, FINISH_OF_INCOMPLETE[event.reason]);
    case 'run.failed':
      return breakOff(state, event.error);
    case 'run.cancelled':
      return breakOff(state, cancelledError(event.reason));
  }
}

function queue(state: ChatState, event: QueuedEvent): ChatState {
  const { includeUsage, usageOnFinish, logprobs, custom, saysApprovals } = readEcho(event.echo);
  const says = saysApprovals && { saysApprovalsOf: event.runId };
  return { ...state, shape: chunkShape(event), includeUsage, usageOnFinish, wantsLogprobs: logprobs, custom, ...says };
}

function open(state: ChatState): Encoded<ChatState> {
  if (state.opened) return [state, NO_FRAMES];
  return [{ ...state, opened: true }, [deltaChunk(state.shape, { role: 'assistant', content: '' })]];
}

function takeStep(state: ChatState, { usage, serviceTier }: EventOf<'step.completed'>): ChatState {
  return { ...state, usage: addUsage(state.usage, usage), ...(serviceTier !== undefined && { serviceTier }) };
}

function say(state: ChatState, event: EventOf<'text.delta'>): Encoded<ChatState> {
  return event.logprobs && state.wantsLogprobs
    ? speakWithLogprobs(state, event, event.logprobs)
    : speak(state, 'content', event);
}

function sayParts(state: ChatState, event: EventOf<'text.delta'>): Encoded<ChatState> {
  const [said, words] = say(state, event);
  const [shown, parts] = showParts(said, event);
  return [shown, [...words, ...parts]];
}

/** Text of a step. */
type Said = Pick<EventOf<'text.delta'>, 'step' | 'text'>;

function speak(state: ChatState, field: TextField, { step, text }: Said): Encoded<ChatState> {
  if (text === '') return [state, NO_FRAMES];
  if (state.said[field] === step) return [state, [textChunk(state.shape, field, text)]];
  return [beginText(state, field, step), [textChunk(state.shape, field, separated(state, field, text))]];
}

/** Sends reasoning, and after each block of it the state that its upstream needs back. */
function think(state: ChatState, event: EventOf<'reasoning.delta'>): Encoded<ChatState> {
  const { step, text, seal } = event;
  const [spoken, frames] = speak(state, 'reasoning_content', event);
  const { reasoning } = state;
  const whole = reasoning.step === step ? reasoning.text + text : text;
  if (!seal) return [{ ...spoken, reasoning: { ...reasoning, step, text: whole } }, frames];
  const details = reasoningDetails({ text: whole, seal }, reasoning.details);
  const extra = messageExtraContent({ text: whole, seal });
  const delta = { ...(details.length > 0 && { reasoning_details: details }), ...(extra && { extra_content: extra }) };
  const told = { ...spoken, reasoning: { step, text: '', details: reasoning.details + details.length } };
  return [told, Object.keys(delta).length === 0 ? frames : [...frames, deltaChunk(state.shape, delta)]];
}

/** Logprobs may come with an empty text. */
function speakWithLogprobs(state: ChatState, { step, text }: Said, logprobs: readonly JsonValue[]): Encoded<ChatState> {
  if (state.said.content === step) return [state, [logprobsChunk(state.shape, text, logprobs)]];
  if (text === '') return [{ ...state, committed: true }, [logprobsChunk(state.shape, '', logprobs)]];
  const words = separated(state, 'content', text);
  return [beginText(state, 'content', step), [logprobsChunk(state.shape, words, logprobs)]];
}

/**
 * Where `outputText` has a separator, the stream has one: before the text of every step but the first one with text.
 */
function separated({ said }: ChatState, field: TextField, text: string): string {
  return said[field] === 0 ? text : STEP_SEPARATOR + text;
}

/** Reasoning does not commit the stream, because another attempt may think again. */
function beginText(state: ChatState, field: TextField, step: number): ChatState {
  const committed = state.committed || field !== 'reasoning_content';
  return { ...state, said: { ...state.said, [field]: step }, committed };
}

/**
 * The request in words, for clients that show nothing but the text. The words are the gateway's and not the model's:
 * they stand in the stream alone, and in no answer that is kept.
 */
function sayApproval(encoded: Encoded<ChatState>, event: EventOf<'approval.requested'>): Encoded<ChatState> {
  const [state, frames] = encoded;
  if (state.saysApprovalsOf === undefined) return encoded;
  const [said, words] = speak(state, 'content', {
    step: event.step,
    text: approvalWords(event, state.saysApprovalsOf),
  });
  // Not the answer: another attempt at the step may follow.
  return [{ ...said, committed: state.committed }, [...frames, ...words]];
}

/** The run continues in a new step. A stream that has shown the broken step cannot show the new one as one answer. */
function interrupt(state: ChatState): Encoded<ChatState> {
  return state.committed ? breakOff(state, LOST_STEP) : [state, NO_FRAMES];
}
