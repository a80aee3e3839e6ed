import {
  hasEnded,
  isCertain,
  textStart,
  type JsonObject,
  type OutputItem,
  type RunSnapshot,
  type TextItem,
  type ToolCallItem,
} from '#libs/contract';
import { itemIdOf } from '../ids.js';
import { packReasoning } from '../../sealed-reasoning.js';
import { compactionOutput, innerCompactionItem } from './compaction-item.js';
import {
  annotationOf,
  callForm,
  callId,
  callItem,
  callOutputItem,
  customCallItem,
  imageItem,
  isHiddenCall,
  mcpCallItem,
  textId,
  textItem,
  type Phase,
  type WireStatus,
} from './output-item.js';
import { readEcho, type ResponsesEcho } from './responses-echo.js';

/**
 * The output of a response: per step the model's text and calls in their order, then the results of the gateway's own
 * calls in the order of the calls. The output of a live run is a prefix of the final output, with the same ids.
 *
 * Items of a step that was lost with its worker stay, because listeners saw them; they are `incomplete`.
 * @param sealing `sealed`: reasoning keeps its `encrypted_content` even if the request did not ask for it. For copies
 *   that later turns read.
 */
export function outputItems(snapshot: RunSnapshot, sealing?: 'sealed'): JsonObject[] {
  if (snapshot.compacts) return compactionOutput(snapshot);
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
  // Calls become ready when the model has finished.
  const openEnd = items.some(({ item }) => item.type === 'tool_call' && item.ready) ? -1 : items.at(-1)?.index;
  const said = items.flatMap(({ item, index }, place) => {
    const { runId } = snapshot;
    if (item.type !== 'tool_call') {
      if (item.image !== undefined) {
        return [imageItem(itemIdOf('image_generation_call', runId, 'o', index), item.image)];
      }
      if (item.compaction !== undefined) return [innerCompactionItem(runId, index, item.compaction)];
      const logprobs = shownLogprobs(item, echo);
      const status = textStatus(item, index === openEnd, snapshot);
      const isSealed = echo.encrypted && item.type === 'reasoning' && status === 'completed';
      const encrypted = isSealed && (item.text !== '' || item.seal) ? { encrypted: packReasoning(item) } : {};
      const annotations = annotationsOf(item, index, snapshot);
      const isWordless = item.text === '' && logprobs.length === 0 && annotations.length === 0;
      if (isWordless && !encrypted.encrypted) return [];
      const id = textId(item.type, runId, index);
      const phase = phaseOf(items, place, snapshot);
      const told = { annotations, ...encrypted, ...(phase && { phase }) };
      return [textItem({ kind: item.type, id, text: item.text, logprobs, ...told }, status)];
    }
    if (isHiddenCall(item, echo)) return [];
    return [itemOfCall(item, index, snapshot, echo)];
  });
  return [...said, ...results(items, snapshot, echo)];
}

function annotationsOf({ citations = [], step }: TextItem, index: number, { items }: RunSnapshot): JsonObject[] {
  if (citations.length === 0) return [];
  const start = textStart(items.slice(0, index), step);
  return citations.map((citation) => annotationOf(citation, start));
}

function itemOfCall(call: ToolCallItem, index: number, snapshot: RunSnapshot, echo: ResponsesEcho): JsonObject {
  const form = callForm(call, echo);
  const told = { ...call, id: callId(form, snapshot.runId, index) };
  const { output, isError = false } = call;
  switch (form) {
    case 'function':
      return callItem(told, echo, callStatus(call, snapshot));
    case 'custom':
      return customCallItem(told, echo, callStatus(call, snapshot));
    case 'mcp':
      if (output !== undefined) return mcpCallItem(told, 'completed', { output, isError });
      return mcpCallItem(told, isOpen(call, snapshot) ? 'in_progress' : 'incomplete');
  }
}

/**
 * The same phase that the stream reports when the message ends: text before more text of its step, or before a call, is
 * commentary; the last text of a complete step without a call is the answer.
 */
function phaseOf(items: readonly IndexedItem[], place: number, { steps }: RunSnapshot): Phase | undefined {
  const calls = items.flatMap(({ item }) => (item.type === 'tool_call' ? [item] : []));
  if (place < items.length - 1 || calls.some(({ ready }) => ready)) return 'commentary';
  const step = items[place]?.item.step;
  const isWhole = steps.find((known) => known.step === step)?.status === 'completed';
  if (!isWhole) return undefined;
  return calls.length > 0 ? 'commentary' : 'final_answer';
}

/** While the step is open, a result waits for those of earlier calls, so that the order never changes afterwards. */
function results(items: readonly IndexedItem[], snapshot: RunSnapshot, echo: ResponsesEcho): JsonObject[] {
  const told: JsonObject[] = [];
  for (const { item, index } of items) {
    if (item.type !== 'tool_call' || item.executedBy !== 'server' || isHiddenCall(item, echo)) continue;
    if (callForm(item, echo) === 'mcp') continue;
    const { callId: answered, output, status } = item;
    if (output !== undefined) {
      const id = itemIdOf('function_call_output', snapshot.runId, 'o', index);
      told.push(callOutputItem(id, answered, output, 'completed'));
    } else if (isOpen({ status }, snapshot)) break;
  }
  return told;
}

/** Logprobs that were not requested are not shown. */
function shownLogprobs(item: TextItem, echo: ResponsesEcho): NonNullable<TextItem['logprobs']> {
  return echo.logprobs ? (item.logprobs ?? []) : [];
}

/**
 * A text is complete when another item of its step, or the end of the model's answer, followed. Otherwise it has the
 * status of its step.
 */
function textStatus({ step, status }: TextItem, isOpenEnd: boolean, snapshot: RunSnapshot): WireStatus {
  if (!isOpenEnd) return 'completed';
  if (status === 'completed') return isCut(snapshot, step) ? 'incomplete' : 'completed';
  return status === 'in_progress' && !hasEnded(snapshot) ? 'in_progress' : 'incomplete';
}

function callStatus(call: ToolCallItem, snapshot: RunSnapshot): WireStatus {
  if (isCertain(call)) return 'completed';
  return isOpen(call, snapshot) ? 'in_progress' : 'incomplete';
}

function isOpen({ status }: Pick<OutputItem, 'status'>, snapshot: RunSnapshot): boolean {
  return status === 'in_progress' && !hasEnded(snapshot);
}

function isCut({ steps }: RunSnapshot, step: number): boolean {
  const reason = steps.find((known) => known.step === step)?.finishReason;
  return reason === 'length' || reason === 'content_filter';
}
