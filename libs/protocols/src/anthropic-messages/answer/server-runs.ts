import type { EventOf, JsonObject } from '#libs/contract';
import { parseArguments } from '../../arguments-preview.js';
import type { Encoded } from '../../protocol/protocol.js';
import { NO_FRAMES } from '../../sse-frame.js';
import { closeBlock, wholeBlock } from './blocks.js';
import { inTurn, type Move } from '../../protocol/moves.js';
import type { MessagesState, ServerRun } from './messages-state.js';
import { settleThinking } from './thinking.js';

/** The server's name in blocks of tools that the gateway runs. */
const SERVER_NAME = 'talaria';

/** Tools by whose names Hermes hides them. */
const isHidden = (name: string): boolean => name.startsWith('_');

/** Records a call that the gateway executes. It is sent with its whole input when it is executed. */
export function noteRun(state: MessagesState, event: EventOf<'tool_call.started'>): Encoded<MessagesState> {
  const { callId, name } = event;
  if (isHidden(name)) return [state, NO_FRAMES];
  const run = { callId, name, arguments: '', hasStarted: false, isTold: false };
  return [{ ...state, runs: [...state.runs, run] }, NO_FRAMES];
}

/** Updates a recorded call. Events about hidden calls, and about calls already sent, find none. */
export function changeRun(
  state: MessagesState,
  callId: string,
  change: Partial<Omit<ServerRun, 'isTold'>>,
): Encoded<MessagesState> {
  const at = state.runs.findIndex((run) => run.callId === callId);
  const run = state.runs[at];
  return [run ? { ...state, runs: state.runs.with(at, { ...run, ...change }) } : state, NO_FRAMES];
}

/**
 * Sends calls one after the other, each with its result, in the order in which the model made them. So the stream is
 * the same whichever of several tools finishes first. Nothing is sent while the block of a caller's call is open.
 */
export const tellRuns: Move<MessagesState> = (state) => {
  const [run, ...others] = state.runs;
  if (!run?.hasStarted || state.open?.kind === 'tool_use') return [state, NO_FRAMES];
  if (!run.isTold) {
    const told = { ...state, isCommitted: true, runs: [{ ...run, isTold: true }, ...others] };
    return inTurn(told, settleThinking, closeBlock, wholeBlock(runBlock(run)), tellRuns);
  }
  if (!run.result) return [state, NO_FRAMES];
  return inTurn({ ...state, runs: others }, closeBlock, wholeBlock(resultBlock(run.callId, run.result)), tellRuns);
};

/** The step ends: calls that never began are not sent, and no longer delay others. */
export const settleRuns: Move<MessagesState> = (state) => {
  const runs = state.runs.filter(({ hasStarted }) => hasStarted);
  return runs.length === 0
    ? [{ ...state, runs }, NO_FRAMES]
    : inTurn({ ...state, runs }, tellRuns, ({ runs: [, ...others], ...rest }) => settleRuns({ ...rest, runs: others }));
};

function runBlock({ callId, name, arguments: text }: ServerRun): JsonObject {
  return { type: 'mcp_tool_use', id: callId, name, server_name: SERVER_NAME, input: parseArguments(text) ?? {} };
}

function resultBlock(callId: string, { output, isError }: NonNullable<ServerRun['result']>): JsonObject {
  const content = [{ type: 'text', text: output, citations: null }];
  return { type: 'mcp_tool_result', tool_use_id: callId, is_error: isError, content };
}
