import { fold, type EventOf, type LoggedEvent, type ToolCallItem } from '#libs/contract';
import type { Encoded } from '../../protocol/protocol.js';
import { NO_FRAMES } from '../../sse-frame.js';
import { itemIdOf } from '../ids.js';
import { argumentsDelta, argumentsDone, callAdded, callDone, type ToldCall } from './call-frames.js';
import { callForm, callId, callOutputItem, isHiddenCall, type CallResult } from './output-item.js';
import { inTurn, type Move } from '../../protocol/moves.js';
import { say, type OpenCall, type ResponsesState } from './responses-state.js';
import { settleText } from './text-stream.js';

type Logged<T extends Parameters<typeof fold>[1]['type']> = LoggedEvent<EventOf<T>>;

/** Announces a call at its beginning. The text before it is complete then. */
export function startCall(state: ResponsesState, event: Logged<'tool_call.started'>): Encoded<ResponsesState> {
  return inTurn(state, settleText('completed', event, 'commentary'), (settled) => {
    const { run, outputCount, echo } = settled;
    const { callId, step, name, executedBy } = event;
    const call: OpenCall = {
      callId,
      step,
      name,
      executedBy,
      form: callForm(event, echo),
      isHidden: isHiddenCall(event, echo),
      itemIndex: run.items.length,
      outputIndex: outputCount,
      arguments: '',
      isSaid: false,
      isClosed: false,
      isAnswered: false,
    };
    const opened = { ...settled, run: fold(run, event), calls: [...settled.calls, call] };
    if (call.isHidden) return [opened, NO_FRAMES];
    return inTurn({ ...opened, outputCount: outputCount + 1 }, ...callAdded(told(opened, call), echo));
  });
}

export function continueCall(state: ResponsesState, callId: string, delta: string): Encoded<ResponsesState> {
  const at = callIndex(state, { callId });
  const call = state.calls[at];
  if (!call || delta === '') return [state, NO_FRAMES];
  const continued = { ...state, calls: state.calls.with(at, { ...call, arguments: call.arguments + delta }) };
  if (call.isHidden) return [continued, NO_FRAMES];
  return inTurn(continued, ...argumentsDelta(told(state, call), delta));
}

/** The model has finished: sends the arguments that the deltas left out, and completes the last text. */
export function completeArguments(state: ResponsesState, event: Logged<'tool_call.ready'>): Encoded<ResponsesState> {
  const sent = state.calls.find((call) => call.callId === event.callId)?.arguments ?? '';
  const rest = event.arguments.startsWith(sent) ? event.arguments.slice(sent.length) : '';
  return inTurn(
    state,
    settleText('completed', event, 'commentary'),
    (settled) => continueCall(settled, event.callId, rest),
    (continued) => [{ ...continued, run: fold(continued.run, event) }, NO_FRAMES],
  );
}

/**
 * The gateway executes the call, so it cannot be taken back any more. An `mcp_call` ends with its result, any other
 * call ends here.
 */
export function dispatchCall(state: ResponsesState, event: Logged<'tool.started'>): Encoded<ResponsesState> {
  const at = callIndex(state, event);
  const dispatched = { ...state, run: fold(state.run, event) };
  return state.calls[at]?.form === 'mcp' ? sayArguments(at)(dispatched) : closeCall(at, 'completed')(dispatched);
}

/** Sends the result, and before it the end of its call if the call was answered without being executed. */
export function answerCall(state: ResponsesState, event: Logged<'tool.completed'>): Encoded<ResponsesState> {
  const answered = { ...state, run: fold(state.run, event) };
  const result = { output: event.output, isError: event.isError };
  return inTurn(answered, closeCall(callIndex(state, event), 'completed', result), tellResults('in order'));
}

function callIndex({ calls }: ResponsesState, { callId }: { readonly callId: string }): number {
  return calls.findIndex((call) => call.callId === callId);
}

/**
 * Ends all calls of a step that ends. `isWhole`: the step is completed, so calls that are ready are complete. The other
 * calls were cut off: they get no `arguments.done`, because agents execute a call at that event.
 */
export function settleCalls(isWhole: boolean, { seq, at }: Pick<LoggedEvent, 'seq' | 'at'>): Move<ResponsesState> {
  return (state) => {
    if (state.calls.length === 0) return [state, NO_FRAMES];
    const run = state.calls.reduce((folded, { step, callId, arguments: delta, itemIndex }) => {
      const isFolded = itemOf({ run: folded }, itemIndex).ready || delta === '';
      return isFolded ? folded : fold(folded, { type: 'tool_call.arguments.delta', step, callId, delta, seq, at });
    }, state.run);
    const closings = state.calls.map((call, i): Move<ResponsesState> => {
      const isReady = itemOf(state, call.itemIndex).ready;
      return closeCall(i, isWhole && isReady ? 'completed' : 'incomplete');
    });
    const forget: Move<ResponsesState> = (told) => [{ ...told, calls: [] }, NO_FRAMES];
    return inTurn({ ...state, run }, ...closings, tellResults('all'), forget);
  };
}

function closeCall(at: number, status: 'completed' | 'incomplete', result?: CallResult): Move<ResponsesState> {
  return (state) => {
    const call = state.calls[at];
    if (!call || call.isClosed) return [state, NO_FRAMES];
    const inside = call.form === 'mcp' ? result : undefined;
    // A call of the gateway has not ended without its result.
    const end = call.form === 'mcp' && !inside ? 'incomplete' : status;
    const said: Move<ResponsesState> = end === 'completed' ? sayArguments(at) : (same) => [same, NO_FRAMES];
    return inTurn(state, said, (current) => {
      const closed = { ...current, calls: current.calls.with(at, { ...(current.calls[at] ?? call), isClosed: true }) };
      if (call.isHidden) return [closed, NO_FRAMES];
      return inTurn(closed, ...callDone(toldWhole(current, call), current.echo, end, inside));
    });
  };
}

/** Sends the end of the arguments, once. */
function sayArguments(at: number): Move<ResponsesState> {
  return (state) => {
    const call = state.calls[at];
    if (!call || call.isSaid) return [state, NO_FRAMES];
    const said = { ...state, calls: state.calls.with(at, { ...call, isSaid: true }) };
    if (call.isHidden) return [said, NO_FRAMES];
    return inTurn(said, ...argumentsDone(toldWhole(state, call), state.echo));
  };
}

/** Sends results in the order of the calls. At the end of a step, results that will never come are skipped. */
function tellResults(which: 'in order' | 'all'): Move<ResponsesState> {
  return (state) => {
    const moves: Move<ResponsesState>[] = [];
    for (const [at, call] of state.calls.entries()) {
      if (call.executedBy !== 'server' || call.form === 'mcp' || call.isHidden || call.isAnswered) continue;
      const { output } = itemOf(state, call.itemIndex);
      if (output !== undefined) moves.push(tellResult(at, call, output));
      else if (which === 'in order') break;
    }
    return inTurn(state, ...moves);
  };
}

function tellResult(at: number, call: OpenCall, output: string): Move<ResponsesState> {
  return (state) => {
    const { run, outputCount } = state;
    const id = itemIdOf('function_call_output', run.runId, 'o', call.itemIndex);
    const told = { ...state, outputCount: outputCount + 1, calls: state.calls.with(at, { ...call, isAnswered: true }) };
    const place = { output_index: outputCount };
    return inTurn(
      told,
      say('response.output_item.added', { ...place, item: callOutputItem(id, call.callId, '', 'in_progress') }),
      say('response.output_item.done', { ...place, item: callOutputItem(id, call.callId, output, 'completed') }),
    );
  };
}

/** The call as it is announced, without its arguments. */
function told({ run }: Pick<ResponsesState, 'run'>, call: OpenCall): ToldCall {
  return { ...call, id: callId(call.form, run.runId, call.itemIndex), arguments: '' };
}

/** The call with its folded arguments. */
function toldWhole({ run }: Pick<ResponsesState, 'run'>, call: OpenCall): ToldCall {
  const { arguments: text, extraContent } = itemOf({ run }, call.itemIndex);
  return { ...told({ run }, call), arguments: text, ...(extraContent && { extraContent }) };
}

function itemOf({ run }: Pick<ResponsesState, 'run'>, index: number): ToolCallItem {
  const item = run.items[index];
  if (item?.type !== 'tool_call') throw new Error(`item ${index} of ${run.runId} is not a call`);
  return item;
}
