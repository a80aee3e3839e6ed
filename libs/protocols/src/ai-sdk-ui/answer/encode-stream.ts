import { addUsage, isTerminal, type CancelReason, type EventOf, type LoggedEvent, type RunError } from '#libs/contract';
import type { Encoded } from '../../protocol/protocol.js';
import { cancelledError } from '../../run-errors.js';
import { NO_FRAMES, type SseFrame } from '../../sse-frame.js';
import { messageIdOf } from '../ids.js';
import { readUiEcho } from '../ui-echo.js';
import { chunk, DONE, endMetadata, FINISH, FINISH_OF_INCOMPLETE, startMetadata } from './chunks.js';
import {
  continueCall,
  cutCalls,
  finishCall,
  finishTool,
  requestApproval,
  resolveApproval,
  showProgress,
  startCall,
} from './tool-chunks.js';
import type { UiState } from './ui-state.js';
import { closePart, refuse, say, think } from './words.js';

/**
 * One event of a run as chunks of AI SDK's UI message stream (AI SDK 7, "Stream Protocols"). A run is one message of
 * the assistant. The stream ends with the run, or where the run is parked: the client answers an approval with its next
 * request, and hears the rest there.
 */
export function encode(state: UiState, event: LoggedEvent): Encoded<UiState> {
  if (state.ended) return [state, NO_FRAMES];
  const heard = listen(state.heard, event);
  const [next, frames] = speak(state, event);
  return [{ ...next, heard }, heard === null ? frames : NO_FRAMES];
}

/** What the client still knows by itself: it was told everything up to where the run waited for its last request. */
function listen(heard: UiState['heard'], event: LoggedEvent): UiState['heard'] {
  if (heard === null || isTerminal(event)) return null;
  if (event.type === 'approval.requested') return new Set([...heard].filter((id) => id !== event.approvalId));
  const isAnswered = event.type === 'run.parked' || event.type === 'approval.resolved';
  return isAnswered && heard.size === 0 ? null : heard;
}

function speak(state: UiState, event: LoggedEvent): Encoded<UiState> {
  switch (event.type) {
    case 'run.queued':
      return start(state, event);
    case 'run.started':
    case 'tool.started':
      return [state, NO_FRAMES];
    case 'step.started':
      return [{ ...state, step: 'open' }, state.step === 'reset' ? NO_FRAMES : [chunk('start-step')]];
    case 'text.delta':
      return say(state, event);
    case 'reasoning.delta':
      return think(state, event);
    case 'refusal.delta':
      return refuse(state, event);
    case 'tool_call.started':
      return startCall(state, event);
    case 'tool_call.arguments.delta':
      return continueCall(state, event.callId, event.delta);
    case 'tool_call.ready':
      return finishCall(state, event);
    case 'approval.requested':
      return requestApproval(state, event);
    case 'approval.resolved':
      return resolveApproval(state, event);
    case 'run.parked':
      return event.seq < state.pausesFrom ? [state, NO_FRAMES] : pause(state, event);
    case 'run.steered':
      return steer(state, event.text);
    case 'tool.progress':
      return showProgress(state, event);
    case 'tool.completed':
      return finishTool(state, event);
    case 'step.completed':
      return finishStep(state, event);
    case 'step.interrupted':
      return resetStep(state, event.step);
    case 'run.completed':
      return finish(state, FINISH[event.finishReason]);
    case 'run.incomplete':
      return finish(state, FINISH_OF_INCOMPLETE[event.reason]);
    case 'run.failed':
      return fail(state, event.error);
    case 'run.cancelled':
      return abort(state, event.reason);
  }
}

function start(state: UiState, event: EventOf<'run.queued'>): Encoded<UiState> {
  const messageId = readUiEcho(event.echo).messageId ?? messageIdOf(event.runId);
  return [{ ...state, runId: event.runId }, [chunk('start', { messageId, messageMetadata: startMetadata(event) })]];
}

function finishStep(state: UiState, { step, usage }: EventOf<'step.completed'>): Encoded<UiState> {
  const [closed, ended] = closePart(state);
  const done: UiState = { ...closed, step: 'none', usage: addUsage(state.usage, usage) };
  return [done, [...ended, ...cutCalls(state, step), chunk('finish-step')]];
}

/** The client forgets what the lost worker said in this step; the next one says it again. */
function resetStep(state: UiState, step: number): Encoded<UiState> {
  const calls = state.calls.filter((call) => call.step !== step);
  return [{ ...state, step: 'reset', open: null, calls }, [chunk('reset-step')]];
}

/** Stands between two steps. */
function steer(state: UiState, text: string): Encoded<UiState> {
  const frame = chunk('steering-message', { id: steerId(state.steers), parts: [{ type: 'text', text }] });
  return [{ ...state, step: 'none', steers: state.steers + 1 }, [frame]];
}

/** @param n how many came before it in the run. */
export const steerId = (n: number): string => `steer_${n}`;

/** What the open step cost is told, too; its end will count it. */
function pause(state: UiState, { usage }: EventOf<'run.parked'>): Encoded<UiState> {
  const [ended, frames] = finish({ ...state, usage: addUsage(state.usage, usage) }, 'tool-calls');
  return [{ ...ended, paused: true }, frames];
}

function finish(state: UiState, finishReason: string): Encoded<UiState> {
  const messageMetadata = endMetadata(state.usage);
  return end(state, [chunk('finish', { finishReason, messageMetadata })]);
}

function fail(state: UiState, { message }: RunError): Encoded<UiState> {
  return end(state, [chunk('error', { errorText: message })]);
}

/** `interrupted` keeps clients from going on with the message by themselves. */
function abort(state: UiState, why: CancelReason): Encoded<UiState> {
  const { message } = cancelledError(why);
  return end(state, [chunk('abort', { reason: message }), chunk('finish', { finishReason: 'interrupted' })]);
}

function end(state: UiState, frames: readonly SseFrame[]): Encoded<UiState> {
  const [closed, ended] = closePart(state);
  const step = closed.step === 'open' ? [chunk('finish-step')] : NO_FRAMES;
  return [{ ...closed, step: 'none', ended: true }, [...ended, ...step, ...frames, DONE]];
}
