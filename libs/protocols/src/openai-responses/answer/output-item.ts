import { isJsonObject, type ExecutedBy, type JsonObject, type JsonValue, type TextItem } from '#libs/contract';
import { itemIdOf } from '../ids.js';
import type { ResponsesEcho } from './responses-echo.js';

export type WireStatus = 'in_progress' | 'completed' | 'incomplete';
export type TextKind = TextItem['type'];

/** A text item of a run, and what is to be told of it. */
export interface TextOutput {
  readonly kind: TextKind;
  readonly id: string;
  readonly text: string;
  readonly logprobs: readonly JsonValue[];
  /** `encrypted_content` of a reasoning item. Absent: not asked for, or the item is not complete. */
  readonly encrypted?: string;
}

/** A call, told of by the name that the caller gave it. */
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

/** A message with one part, or reasoning with one summary; before its first part was added, with none. */
export function textItem(
  output: TextOutput,
  status: WireStatus,
  parts: 'with parts' | 'empty' = 'with parts',
): JsonObject {
  const { kind, id, encrypted } = output;
  const shown = parts === 'empty' || (kind === 'reasoning' && output.text === '') ? [] : [textPart(output)];
  if (kind === 'reasoning') {
    return { id, type: 'reasoning', status, summary: shown, ...(encrypted && { encrypted_content: encrypted }) };
  }
  return { id, type: 'message', status, role: 'assistant', content: shown };
}

export function textPart({ kind, text, logprobs }: Pick<TextOutput, 'kind' | 'text' | 'logprobs'>): JsonObject {
  if (kind === 'text') return { type: 'output_text', text, annotations: [], logprobs };
  return kind === 'refusal' ? { type: 'refusal', refusal: text } : { type: 'summary_text', text };
}

export function callItem(call: CallOutput, echo: ResponsesEcho, status: WireStatus): JsonObject {
  const { id, callId, name, arguments: text, extraContent } = call;
  const extra = extraContent && { extra_content: extraContent };
  return { id, type: 'function_call', status, call_id: callId, ...toldName(name, echo), arguments: text, ...extra };
}

/** The name a caller knows a function by; those of namespaces are called by another name upstream. */
export function toldName(name: string, { namespaced }: ResponsesEcho): JsonObject & { readonly name: string } {
  const known = Object.hasOwn(namespaced, name) ? namespaced[name] : undefined;
  if (!isJsonObject(known)) return { name };
  return { name: String(known['name']), namespace: String(known['namespace']) };
}

export function callOutputItem(id: string, callId: string, output: string, status: WireStatus): JsonObject {
  return { id, type: 'function_call_output', status, call_id: callId, output };
}

/**
 * Calls that are not told of: of internal tools, by Hermes' convention, and of functions of the caller that the gateway
 * answered, because the caller's `tool_choice` forbids them. Whoever sees a call of its function carries it out.
 */
export function isHiddenCall(
  { name, executedBy }: { readonly name: string; readonly executedBy: ExecutedBy },
  { functions }: ResponsesEcho,
): boolean {
  return executedBy === 'server' && (name.startsWith('_') || functions.has(name));
}
