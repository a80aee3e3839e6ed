import type { JsonObject } from './json.js';
import type { AssistantMessage, Message, ToolMessage } from './message.js';
import type { OutputItem } from './output-item.js';
import { joinedText, type RunSnapshot } from './run-snapshot.js';

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
 * happened as far as the next model call knows.
 */
export function answerMessages(snapshot: Pick<RunSnapshot, 'items' | 'steps' | 'steers'>): Message[] {
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
  return [
    ...steersAfter(0),
    ...snapshot.steps.flatMap(({ step, status }) => [
      ...(status === 'completed' ? messagesOfStep(itemsOf.get(step) ?? []) : []),
      ...steersAfter(step),
    ]),
  ];
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
