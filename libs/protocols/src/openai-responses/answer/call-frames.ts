import type { JsonObject } from '#libs/contract';
import { unpackCustomInput } from '../../custom-tools.js';
import {
  callItem,
  customCallItem,
  mcpCallItem,
  toldName,
  type CallForm,
  type CallOutput,
  type CallResult,
  type WireStatus,
} from './output-item.js';
import type { ResponsesEcho } from './responses-echo.js';
import type { Move } from '../../protocol/moves.js';
import { say, type ResponsesState } from './responses-state.js';

/** A call as the stream shows it, by its item. */
export interface ToldCall extends CallOutput {
  readonly form: CallForm;
  readonly outputIndex: number;
}

/** The item of a call in any of its forms. Only an `mcp_call` has a result. */
export function itemOfCall(call: ToldCall, echo: ResponsesEcho, status: WireStatus, result?: CallResult): JsonObject {
  switch (call.form) {
    case 'function':
      return callItem(call, echo, status);
    case 'custom':
      return customCallItem(call, echo, status);
    case 'mcp':
      return mcpCallItem(call, status, result);
  }
}

export function callAdded(call: ToldCall, echo: ResponsesEcho): readonly Move<ResponsesState>[] {
  const added = say('response.output_item.added', {
    output_index: call.outputIndex,
    item: itemOfCall(call, echo, 'in_progress'),
  });
  return call.form === 'mcp' ? [added, say('response.mcp_call.in_progress', placeOf(call))] : [added];
}

/** Free text is JSON until it is complete, so a custom call has no deltas meanwhile. */
export function argumentsDelta(call: ToldCall, delta: string): readonly Move<ResponsesState>[] {
  if (call.form === 'custom') return [];
  return [say(`${DELTA_OF[call.form]}.delta`, { ...placeOf(call), delta })];
}

const DELTA_OF = {
  function: 'response.function_call_arguments',
  mcp: 'response.mcp_call_arguments',
} as const;

export function argumentsDone(call: ToldCall, echo: ResponsesEcho): readonly Move<ResponsesState>[] {
  const { form, arguments: text } = call;
  if (form !== 'custom') {
    const named = form === 'function' ? { name: toldName(call.name, echo).name } : {};
    return [say(`${DELTA_OF[form]}.done`, { ...placeOf(call), arguments: text, ...named })];
  }
  const input = unpackCustomInput(text);
  return [
    say('response.custom_tool_call_input.delta', { ...placeOf(call), delta: input }),
    say('response.custom_tool_call_input.done', { ...placeOf(call), input }),
  ];
}

export function callDone(
  call: ToldCall,
  echo: ResponsesEcho,
  status: WireStatus,
  result?: CallResult,
): readonly Move<ResponsesState>[] {
  const done = say('response.output_item.done', {
    output_index: call.outputIndex,
    item: itemOfCall(call, echo, status, result),
  });
  if (!result) return [done];
  return [say(`response.mcp_call.${result.isError ? 'failed' : 'completed'}`, placeOf(call)), done];
}

function placeOf({ id, outputIndex }: ToldCall): JsonObject {
  return { item_id: id, output_index: outputIndex };
}
