import type { JsonObject, OutputItem, RunSnapshot, TextItem, ToolCallItem } from '#libs/contract';
import { parseArguments } from '../../arguments-preview.js';
import { packReasoning } from '../../sealed-reasoning.js';
import { packCallState } from '../call-state.js';
import { readEcho } from '../messages-echo.js';
import type { ThinkingDisplay } from '../request/decode-thinking.js';
import { SERVER_NAME } from './blocks.js';
import { isHidden, resultBlock } from './calls.js';
import { messageObject, messageUsage, stopFields } from './message-object.js';

/** The whole answer of a run that ended as `completed` or `incomplete`: the blocks that a reader of the stream gets. */
export function final(snapshot: RunSnapshot): JsonObject {
  const { display } = readEcho(snapshot.echo);
  const items = snapshot.items.filter(({ status }) => status !== 'interrupted');
  const steps = [...new Set(items.map(({ step }) => step))];
  const content = steps.flatMap((step) =>
    blocksOfStep(
      items.filter((item) => item.step === step),
      display,
    ),
  );
  const lastStep = steps.at(-1);
  const ending = {
    reason: snapshot.incompleteReason ?? 'completed',
    hasClientCalls: items.some((item) => item.type === 'tool_call' && item.executedBy === 'client'),
    hasRefused: items.some((item) => item.type === 'refusal' && item.step === lastStep),
  } as const;
  return messageObject(snapshot, content, { ...stopFields(ending), usage: messageUsage(snapshot.usage) });
}

function blocksOfStep(items: readonly OutputItem[], display: ThinkingDisplay): JsonObject[] {
  const ran = items.flatMap((item) =>
    item.type === 'tool_call' && item.executedBy === 'server' ? runBlocks(item) : [],
  );
  const calls = items.filter((item) => item.type === 'tool_call' && item.executedBy === 'client');
  const isHiddenNeeded = display === 'hidden' && calls.length > 0;
  let hasCall = false;
  const said = items.flatMap((item): JsonObject[] => {
    if (item.type === 'reasoning') return display === 'hidden' ? [] : [thinkingBlock(item, display)];
    if (item.type !== 'tool_call') return item.text === '' ? [] : [{ type: 'text', text: item.text, citations: null }];
    if (item.executedBy === 'server') return [];
    const hidden = isHiddenNeeded && !hasCall ? items.flatMap(hiddenBlock) : [];
    hasCall = true;
    return [...hidden, ...callBlocks(item)];
  });
  return [...said, ...ran];
}

function thinkingBlock({ text, seal }: TextItem, display: ThinkingDisplay): JsonObject {
  if (seal?.encrypted !== undefined && text === '') return { type: 'redacted_thinking', data: seal.encrypted };
  const isShown = display === 'shown';
  const isPlain = seal?.form === 'anthropic' && seal.encrypted === undefined && (isShown || text === '');
  const packed = seal || !isShown ? packReasoning({ text, ...(seal && { seal }) }) : '';
  return { type: 'thinking', thinking: isShown ? text : '', signature: isPlain ? (seal.signature ?? '') : packed };
}

function hiddenBlock(item: OutputItem): JsonObject[] {
  if (item.type !== 'reasoning') return [];
  const { text, seal } = item;
  return [{ type: 'redacted_thinking', data: packReasoning({ text, ...(seal && { seal }) }) }];
}

function callBlocks({ callId, name, arguments: text, extraContent }: ToolCallItem): JsonObject[] {
  const attached = extraContent ? [{ type: 'redacted_thinking', data: packCallState({ callId, extraContent }) }] : [];
  return [...attached, { type: 'tool_use', id: callId, name, input: parseArguments(text) ?? {} }];
}

function runBlocks({ callId, name, arguments: text, dispatched, output, isError = false }: ToolCallItem): JsonObject[] {
  if (isHidden(name) || !dispatched) return [];
  const input = parseArguments(text) ?? {};
  const call = { type: 'mcp_tool_use', id: callId, name, server_name: SERVER_NAME, input };
  return output === undefined ? [call] : [call, resultBlock({ callId, output, isError })];
}
