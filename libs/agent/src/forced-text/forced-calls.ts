import type { ClientTool, ModelEvent, ToolChoice } from '#libs/contract';
import { CallText } from './call-text.js';
import { readCall } from './read-call.js';

/** The tools of which the model was told to call one; none when it may answer with text. */
export function forcedTools(choice: ToolChoice, offered: readonly ClientTool[]): readonly ClientTool[] {
  switch (choice.kind) {
    case 'named':
      return offered.filter(({ name }) => name === choice.name);
    case 'required':
      return offered;
    case 'allowed':
      return choice.mode === 'required' ? offered.filter(({ name }) => choice.names.includes(name)) : [];
    case 'auto':
    case 'none':
      return [];
  }
}

/**
 * Some models, of servers that take `tool_choice` for a hint, write a forced call down as text. The same events, but
 * such a text becomes the call that it is: `tool_call` with the id `callId` and its arguments, and no text. Events are
 * held back only while the text can still be such a call; any other text flows on as it came, and so does a text that
 * was cut off or that accompanies a real call. How the text was split does not matter.
 */
export async function* callsFromText(
  events: AsyncIterable<ModelEvent>,
  { tools, callId }: { readonly tools: readonly ClientTool[]; readonly callId: string },
): AsyncGenerator<ModelEvent> {
  const scanner = new CallText();
  const held: ModelEvent[] = [];
  let isOpen = true;
  for await (const event of events) {
    if (!isOpen) {
      yield event;
      continue;
    }
    if (event.type === 'end') {
      yield* atEnd(held, event, { tools, callId });
      return;
    }
    held.push(event);
    isOpen = event.type === 'reasoning' || (event.type === 'text' && scanner.push(event.text));
    const isOnlyReasoning = held.every(({ type }) => type === 'reasoning');
    if (!isOpen || isOnlyReasoning) yield* held.splice(0);
  }
}

function* atEnd(
  held: readonly ModelEvent[],
  end: ModelEvent & { type: 'end' },
  { tools, callId }: { readonly tools: readonly ClientTool[]; readonly callId: string },
): Generator<ModelEvent> {
  const isWhole = end.finishReason === 'stop' || end.finishReason === 'tool_calls';
  const text = held.map((event) => (event.type === 'text' ? event.text : '')).join('');
  const call = isWhole ? readCall(text, tools) : undefined;
  if (!call) {
    yield* held;
  } else {
    yield* held.filter(({ type }) => type !== 'text');
    yield { type: 'tool_call', callId, name: call.name };
    yield { type: 'tool_arguments', callId, delta: call.arguments };
  }
  yield end;
}
