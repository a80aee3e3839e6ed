import {
  hasEnded,
  isCertain,
  type JsonObject,
  type OutputItem,
  type RunSnapshot,
  type TextItem,
  type ToolCallItem,
} from '#libs/contract';
import { itemIdOf } from '../ids.js';
import { packReasoning } from '../sealed-reasoning.js';
import { callItem, callOutputItem, isHiddenCall, textId, textItem, type WireStatus } from './output-item.js';
import { readEcho, type ResponsesEcho } from './responses-echo.js';

/**
 * The output of a response: per step what the model said, in its order, then the results of the gateway's own calls in
 * the order of the calls. Of a live run it is a prefix of what the output will be in the end, with the same ids.
 *
 * Items of a step that was lost with its worker stay: listeners were told of them, and they are `incomplete`.
 * @param sealing `sealed`: reasoning keeps its `encrypted_content` even if the request did not ask for it. For copies
 * that later turns are told from.
 */
export function outputItems(snapshot: RunSnapshot, sealing?: 'sealed'): JsonObject[] {
  const asked = readEcho(snapshot.echo);
  const echo = sealing ? { ...asked, encrypted: true } : asked;
  const output: JsonObject[] = [];
  let step: IndexedItem[] = [];
  snapshot.items.forEach((item, index) => {
    if (step[0] && step[0].item.step !== item.step) {
      output.push(...stepOutput(step, snapshot, echo));
      step = [];
    }
    step.push({ item, index });
  });
  return [...output, ...stepOutput(step, snapshot, echo)];
}

interface IndexedItem {
  readonly item: OutputItem;
  readonly index: number;
}

function stepOutput(items: readonly IndexedItem[], snapshot: RunSnapshot, echo: ResponsesEcho): JsonObject[] {
  // Calls become ready when the model has said everything.
  const openEnd = items.some(({ item }) => item.type === 'tool_call' && item.ready) ? -1 : items.at(-1)?.index;
  const said = items.flatMap(({ item, index }) => {
    const { runId } = snapshot;
    if (item.type !== 'tool_call') {
      const logprobs = shownLogprobs(item, echo);
      const status = textStatus(item, index === openEnd, snapshot);
      const isSealed = echo.encrypted && item.type === 'reasoning' && status === 'completed';
      const encrypted = isSealed && (item.text !== '' || item.seal) ? { encrypted: packReasoning(item) } : {};
      if (item.text === '' && logprobs.length === 0 && !encrypted.encrypted) return [];
      const id = textId(item.type, runId, index);
      return [textItem({ kind: item.type, id, text: item.text, logprobs, ...encrypted }, status)];
    }
    if (isHiddenCall(item, echo)) return [];
    const id = itemIdOf('function_call', runId, 'o', index);
    return [callItem({ ...item, id }, echo, callStatus(item, snapshot))];
  });
  return [...said, ...results(items, snapshot, echo)];
}

/** While the step is open, a result waits for those of the calls before it: the order never changes afterwards. */
function results(items: readonly IndexedItem[], snapshot: RunSnapshot, echo: ResponsesEcho): JsonObject[] {
  const told: JsonObject[] = [];
  for (const { item, index } of items) {
    if (item.type !== 'tool_call' || item.executedBy !== 'server' || isHiddenCall(item, echo)) continue;
    const { callId, output, status } = item;
    if (output !== undefined) {
      const id = itemIdOf('function_call_output', snapshot.runId, 'o', index);
      told.push(callOutputItem(id, callId, output, 'completed'));
    } else if (status === 'in_progress' && !hasEnded(snapshot)) break;
  }
  return told;
}

/** Logprobs that nobody asked for are not shown. */
function shownLogprobs(item: TextItem, echo: ResponsesEcho): NonNullable<TextItem['logprobs']> {
  return echo.logprobs ? (item.logprobs ?? []) : [];
}

/**
 * A text is whole when another item of its step, or the end of the model's words, followed; else it is as its step is.
 */
function textStatus({ step, status }: TextItem, isOpenEnd: boolean, snapshot: RunSnapshot): WireStatus {
  if (!isOpenEnd) return 'completed';
  if (status === 'completed') return isCut(snapshot, step) ? 'incomplete' : 'completed';
  return status === 'in_progress' && !hasEnded(snapshot) ? 'in_progress' : 'incomplete';
}

function callStatus(call: ToolCallItem, snapshot: RunSnapshot): WireStatus {
  if (isCertain(call)) return 'completed';
  return call.status === 'in_progress' && !hasEnded(snapshot) ? 'in_progress' : 'incomplete';
}

function isCut({ steps }: RunSnapshot, step: number): boolean {
  const reason = steps.find((known) => known.step === step)?.finishReason;
  return reason === 'length' || reason === 'content_filter';
}
