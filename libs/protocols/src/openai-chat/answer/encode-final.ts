import {
  joinedText,
  outputText,
  type JsonObject,
  type OutputItem,
  type RunSnapshot,
  type TextItem,
  type ToolCallItem,
} from '#libs/contract';
import { messageExtraContent, reasoningDetails } from '../../messages/reasoning-details.js';
import {
  chatCreated,
  chatId,
  chatUsage,
  FINISH_OF_INCOMPLETE,
  finishOfCompleted,
  type ChatFinish,
} from './chat-answer.js';
import { annotationsOf, imageEntry } from './shown-parts.js';
import { readEcho } from '../chat-echo.js';
import { unpackCustomInput } from '../../custom-tools.js';

/**
 * The whole answer of a run that ended as `completed` or `incomplete`: the same message that a reader of the stream
 * puts together. It has the calls that were cut off, like the stream. `finish_reason` then says so, and is never
 * `tool_calls`.
 */
export function final(snapshot: RunSnapshot): JsonObject {
  const items = snapshot.items.filter((item) => item.status !== 'interrupted');
  const calls = clientCalls(snapshot, items);
  const choice = {
    index: 0,
    message: messageOf(snapshot, items, calls),
    logprobs: logprobsOf(snapshot, items),
    finish_reason: finishOf(snapshot, calls.length > 0),
  };
  return {
    id: chatId(snapshot.runId),
    object: 'chat.completion',
    created: chatCreated(snapshot.createdAt),
    model: snapshot.model,
    choices: [choice],
    ...tierOf(snapshot),
    usage: chatUsage(snapshot.usage),
  };
}

function tierOf({ steps }: RunSnapshot): JsonObject {
  const tier = steps.findLast(({ serviceTier }) => serviceTier !== undefined)?.serviceTier;
  return tier === undefined ? {} : { service_tier: tier };
}

function messageOf(snapshot: RunSnapshot, items: readonly OutputItem[], calls: readonly JsonObject[]): JsonObject {
  const text = outputText(snapshot);
  const reasoning = joinedText(items, 'reasoning');
  const refusal = joinedText(items, 'refusal') || null;
  const hasOther = calls.length > 0 || refusal !== null;
  return {
    role: 'assistant',
    content: text === '' && hasOther ? null : text,
    refusal,
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    ...stateOf(items),
    ...partsOf(items),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

/** The parts next to the text, in the same form as in the stream. */
function partsOf(items: readonly OutputItem[]): JsonObject {
  const texts = items.filter((item): item is TextItem => item.type === 'text');
  const annotations = annotationsOf(texts.flatMap(({ citations = [] }) => citations));
  const images = texts.flatMap(({ image }) => (image === undefined ? [] : [image])).map(imageEntry);
  return { ...(annotations.length > 0 && { annotations }), ...(images.length > 0 && { images }) };
}

/** State that upstreams attached to the reasoning and to the message, in the same form as in the stream. */
function stateOf(items: readonly OutputItem[]): JsonObject {
  const details: JsonObject[] = [];
  let extra: JsonObject | undefined;
  for (const item of items) {
    if (item.type !== 'reasoning') continue;
    details.push(...reasoningDetails(item, details.length));
    extra = messageExtraContent(item) ?? extra;
  }
  return { ...(details.length > 0 && { reasoning_details: details }), ...(extra && { extra_content: extra }) };
}

function clientCalls({ echo }: RunSnapshot, items: readonly OutputItem[]): JsonObject[] {
  const { custom } = readEcho(echo);
  return items.flatMap((item) =>
    item.type === 'tool_call' && item.executedBy === 'client' ? [callObject(item, custom.has(item.name))] : [],
  );
}

function callObject(call: ToolCallItem, isCustom: boolean): JsonObject {
  const { callId: id, name, arguments: text, ready, extraContent } = call;
  const extra = extraContent && { extra_content: extraContent };
  if (!isCustom) return { id, type: 'function', function: { name, arguments: text }, ...extra };
  return { id, type: 'custom', custom: { name, input: ready ? unpackCustomInput(text) : '' }, ...extra };
}

function logprobsOf({ echo }: RunSnapshot, items: readonly OutputItem[]): JsonObject | null {
  if (!readEcho(echo).logprobs) return null;
  const content = items.flatMap((item) => (item.type === 'text' ? (item.logprobs ?? []) : []));
  return content.length > 0 ? { content, refusal: null } : null;
}

function finishOf(snapshot: RunSnapshot, hasClientCalls: boolean): ChatFinish {
  if (snapshot.incompleteReason) return FINISH_OF_INCOMPLETE[snapshot.incompleteReason];
  return finishOfCompleted(snapshot.finishReason === 'tool_calls' ? 'tool_calls' : 'stop', hasClientCalls);
}
