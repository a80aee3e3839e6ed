import {
  isJsonObject,
  movedCitation,
  type Citation,
  type ExecutedBy,
  type JsonObject,
  type JsonValue,
  type TextItem,
} from '#libs/contract';
import { unpackCustomInput } from '../../custom-tools.js';
import { itemIdOf } from '../ids.js';
import { SERVER_LABEL } from '../server-label.js';
import type { ResponsesEcho } from './responses-echo.js';

export type WireStatus = 'in_progress' | 'completed' | 'incomplete';
export type TextKind = TextItem['type'];

/** A text item of a run, as clients see it. */
export interface TextOutput {
  readonly kind: TextKind;
  readonly id: string;
  readonly text: string;
  readonly logprobs: readonly JsonValue[];
  /** `annotations` of a text. Absent: none. */
  readonly annotations?: readonly JsonObject[];
  /** `encrypted_content` of a reasoning item. Absent: not asked for, or the item is not complete. */
  readonly encrypted?: string;
  readonly phase?: Phase;
}

/**
 * The role of a message for its reader (Open Responses, `phase`): text before a call or before more text of the same
 * step, or the answer. Unknown while a message is open, and for a step that was broken off.
 */
export type Phase = 'commentary' | 'final_answer';

/** A call, under the name that the caller gave its tool. */
export interface CallOutput {
  readonly id: string;
  readonly callId: string;
  readonly name: string;
  readonly arguments: string;
  readonly extraContent?: JsonObject;
}

const TYPE_OF = { text: 'message', refusal: 'message', reasoning: 'reasoning' } as const;

/** @param index of the item among `items` of the run. */
export function textId(kind: TextKind, runId: string, index: number): string {
  return itemIdOf(TYPE_OF[kind], runId, 'o', index);
}

/** A message with one part, or reasoning with one summary. Without parts until the first one is added. */
export function textItem(
  output: TextOutput,
  status: WireStatus,
  parts: 'with parts' | 'empty' = 'with parts',
): JsonObject {
  const { kind, id, encrypted, phase } = output;
  const shown = parts === 'empty' || (kind === 'reasoning' && output.text === '') ? [] : [textPart(output)];
  if (kind === 'reasoning') {
    return { id, type: 'reasoning', status, summary: shown, ...(encrypted && { encrypted_content: encrypted }) };
  }
  return { id, type: 'message', status, role: 'assistant', content: shown, ...(phase && { phase }) };
}

type TextPart = Pick<TextOutput, 'kind' | 'text' | 'logprobs' | 'annotations'>;

export function textPart({ kind, text, logprobs, annotations = [] }: TextPart): JsonObject {
  if (kind === 'text') return { type: 'output_text', text, annotations, logprobs };
  return kind === 'refusal' ? { type: 'refusal', refusal: text } : { type: 'summary_text', text };
}

/**
 * @param start where the text of the item begins in the run's visible text: positions of citations count from there.
 */
export function annotationOf(citation: Citation, start: number): JsonObject {
  const { url, title, start: start_index, end: end_index } = movedCitation(citation, -start);
  return { type: 'url_citation', url, title, start_index, end_index };
}

/** An image from the model; until its `result` is there, without one. */
export function imageItem(id: string, image?: string): JsonObject {
  const result = image === undefined ? null : image.slice(image.indexOf(',') + 1);
  return { id, type: 'image_generation_call', status: image === undefined ? 'in_progress' : 'completed', result };
}

/**
 * The form in which a call is shown. The caller executes `function` and `custom`, the two forms of its tools. The
 * gateway executes `mcp`, and clients recognise it as a tool that the server ran. Clients of the Hermes API server know
 * those calls as functions followed by an output.
 */
export type CallForm = 'function' | 'custom' | 'mcp';

export function callForm(
  { name, executedBy }: { readonly name: string; readonly executedBy: ExecutedBy },
  { serverCalls, custom }: ResponsesEcho,
): CallForm {
  if (executedBy === 'server') return serverCalls === 'mcp_call' ? 'mcp' : 'function';
  return custom.has(name) ? 'custom' : 'function';
}

const CALL_TYPE = { function: 'function_call', custom: 'custom_tool_call', mcp: 'mcp_call' } as const;

/** @param index of the call among `items` of the run. */
export function callId(form: CallForm, runId: string, index: number): string {
  return itemIdOf(CALL_TYPE[form], runId, 'o', index);
}

export function callItem(call: CallOutput, echo: ResponsesEcho, status: WireStatus): JsonObject {
  const { id, callId: call_id, name, arguments: text, extraContent } = call;
  const extra = extraContent && { extra_content: extraContent };
  return { id, type: 'function_call', status, call_id, ...toldName(name, echo), arguments: text, ...extra };
}

/** The text of a custom call is known when the call is complete. */
export function customCallItem(call: CallOutput, echo: ResponsesEcho, status: WireStatus): JsonObject {
  const { id, callId: call_id, name, arguments: text, extraContent } = call;
  const input = status === 'completed' ? unpackCustomInput(text) : '';
  const extra = extraContent && { extra_content: extraContent };
  return { id, type: 'custom_tool_call', status, call_id, ...toldName(name, echo), input, ...extra };
}

/** The outcome of a call that the gateway executed. */
export interface CallResult {
  readonly output: string;
  readonly isError: boolean;
}

/** A call with its result inside (OpenAI API reference, mcp_call). */
export function mcpCallItem(call: CallOutput, status: WireStatus, result?: CallResult): JsonObject {
  const { id, name, arguments: text } = call;
  const failure = result?.isError === true ? executionError(result.output) : null;
  return {
    id,
    type: 'mcp_call',
    status: failure === null ? status : 'failed',
    approval_request_id: null,
    server_label: SERVER_LABEL,
    name,
    arguments: text,
    output: result?.isError === false ? result.output : null,
    error: failure,
  };
}

/** `message` in addition to the published fields, because some clients show only that. */
function executionError(text: string): JsonObject {
  return { type: 'mcp_tool_execution_error', content: [{ type: 'text', text }], message: text };
}

/** The caller's name of a function. Functions in namespaces have another name upstream. */
export function toldName(name: string, { namespaced }: ResponsesEcho): JsonObject & { readonly name: string } {
  const known = Object.hasOwn(namespaced, name) ? namespaced[name] : undefined;
  if (!isJsonObject(known)) return { name };
  return { name: String(known['name']), namespace: String(known['namespace']) };
}

export function callOutputItem(id: string, callId: string, output: string, status: WireStatus): JsonObject {
  return { id, type: 'function_call_output', status, call_id: callId, output };
}

/**
 * Whether a call is hidden: calls of internal tools, by Hermes' convention, and of the caller's functions that the
 * gateway answered because the caller's `tool_choice` forbids them. A client executes every call of its function that
 * it sees.
 */
export function isHiddenCall(
  { name, executedBy }: { readonly name: string; readonly executedBy: ExecutedBy },
  { functions }: ResponsesEcho,
): boolean {
  return executedBy === 'server' && (name.startsWith('_') || functions.has(name));
}
