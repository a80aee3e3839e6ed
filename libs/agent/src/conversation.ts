import type { AssistantMessage, Message, OutputItem, RunSnapshot, RunSpec, ToolMessage } from '#libs/contract';

/**
 * The messages of the next model call: the caller's, then each completed step as the assistant's message and the
 * results of its calls, in the order of the calls. Interrupted steps never happened as far as the model knows.
 */
export function conversation(spec: Pick<RunSpec, 'messages'>, snapshot: RunSnapshot): Message[] {
  const messages: Message[] = [...spec.messages];
  const itemsOf = new Map<number, OutputItem[]>();
  for (const item of snapshot.items) {
    const items = itemsOf.get(item.step);
    if (items) items.push(item);
    else itemsOf.set(item.step, [item]);
  }
  for (const { step, status } of snapshot.steps) {
    if (status === 'completed') messages.push(...messagesOf(itemsOf.get(step) ?? []));
  }
  return messages;
}

/** The core prompt, then the caller's instructions below it, apart by a blank line. Empty for none. */
export function systemText(systemPrompt: string, instructions: string | undefined): string {
  return [systemPrompt, instructions].filter((text) => text !== undefined && text !== '').join('\n\n');
}

function messagesOf(items: readonly OutputItem[]): (AssistantMessage | ToolMessage)[] {
  const calls = items.filter((item) => item.type === 'tool_call');
  const refusal = textOf(items, 'refusal');
  const assistant: AssistantMessage = {
    role: 'assistant',
    text: textOf(items, 'text'),
    toolCalls: calls.map(({ callId, name, arguments: text }) => ({ callId, name, arguments: text })),
    ...(refusal !== '' && { refusal }),
  };
  const results = calls.flatMap(({ callId, output, isError }): ToolMessage[] =>
    output === undefined ? [] : [{ role: 'tool', callId, output, ...(isError && { isError }) }],
  );
  return [assistant, ...results];
}

function textOf(items: readonly OutputItem[], type: 'text' | 'refusal'): string {
  return items.map((item) => (item.type === type ? item.text : '')).join('');
}
