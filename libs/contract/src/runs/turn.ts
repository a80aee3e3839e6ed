import type { JsonObject } from '../json.js';
import type { AssistantMessage, Message, ToolMessage } from '../message.js';
import { isCertain, type OutputItem } from './output-item.js';
import { hasEnded, joinedText, type RunSnapshot } from './run-snapshot.js';

/** What a run was asked, apart from everything before it. */
export interface RunInput {
  readonly messages: readonly Message[];
  /** The same as the protocol lists it. */
  readonly items?: readonly JsonObject[];
}

/** One run as a part of a conversation. */
export interface Turn {
  readonly runId: string;
  readonly owner: string;
  /** The turn before it. */
  readonly parentId?: string;
  /** Absent: it was not kept. */
  readonly input?: RunInput;
  readonly snapshot: RunSnapshot;
}

export function turnOf(snapshot: RunSnapshot, input: RunInput | undefined): Turn {
  const { runId, owner, parentId } = snapshot;
  return { runId, owner, ...(parentId !== undefined && { parentId }), ...(input && { input }), snapshot };
}

/**
 * What the model said and was told by its tools: each completed step as the assistant's message and the results of its
 * calls, in the order of the calls, and behind it what the user put in meanwhile. Interrupted and open steps never
 * happened as far as the next model call of the run knows. For those who continue a run that has ended, the last thing
 * that it said counts even if it was broken off, as everybody saw it; calls of which nothing comes do not.
 */
export function answerMessages(snapshot: Pick<RunSnapshot, 'status' | 'items' | 'steps' | 'steers'>): Message[] {
  const isOver = hasEnded(snapshot);
  const lastSaid = isOver ? snapshot.items.at(-1)?.step : undefined;
  const itemsOf = new Map<number, OutputItem[]>();
  for (const item of snapshot.items) {
    const items = itemsOf.get(item.step);
    if (items) items.push(item);
    else itemsOf.set(item.step, [item]);
  }
  const steersAfter = (step: number): Message[] =>
    (snapshot.steers ?? []).flatMap(({ afterStep, text }) =>
      afterStep === step ? [{ role: 'user', content: text }] : [],
    );
  const ofStep = isOver ? messagesOfOldStep : messagesOfStep;
  return [
    ...steersAfter(0),
    ...snapshot.steps.flatMap(({ step, status }) => [
      ...(status === 'completed' || step === lastSaid ? ofStep(itemsOf.get(step) ?? []) : []),
      ...steersAfter(step),
    ]),
  ];
}

/** None of a step in which nothing was said. */
function messagesOfOldStep(items: readonly OutputItem[]): Message[] {
  const said = items.filter((item) => (item.type === 'tool_call' ? isCertain(item) : item.text !== ''));
  return said.every(({ type }) => type === 'reasoning') ? [] : messagesOfStep(said);
}

function messagesOfStep(items: readonly OutputItem[]): (AssistantMessage | ToolMessage)[] {
  const calls = items.filter((item) => item.type === 'tool_call');
  const refusal = joinedText(items, 'refusal');
  const assistant: AssistantMessage = {
    role: 'assistant',
    text: joinedText(items, 'text'),
    toolCalls: calls.map(({ callId, name, arguments: text }) => ({ callId, name, arguments: text })),
    ...(refusal !== '' && { refusal }),
  };
  const results = calls.flatMap(({ callId, output, isError }): ToolMessage[] =>
    output === undefined ? [] : [{ role: 'tool', callId, output, ...(isError && { isError }) }],
  );
  return [assistant, ...results];
}
