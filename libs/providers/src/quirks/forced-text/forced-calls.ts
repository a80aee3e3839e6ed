import type { ClientTool, ModelEvent, ModelProvider, ToolChoice } from '#libs/contract';
import { randomBytes } from 'node:crypto';
import { CallText } from './call-text.js';
import { readCall } from './read-call.js';

/**
 * Wraps a provider so that a forced call is a call even when the model writes it as text. Some models do so on servers
 * that treat `tool_choice` as a hint.
 */
export function withForcedCalls(provider: ModelProvider): ModelProvider {
  return {
    ...provider,
    stream: (request) => {
      const tools = forcedTools(request.toolChoice, request.tools);
      const events = provider.stream(request);
      // Random, because the id must differ from all others of the conversation.
      return tools.length === 0
        ? events
        : callsFromText(events, { tools, callId: `call_${randomBytes(12).toString('hex')}` });
    },
  };
}

/** The tools of which the model must call one. Empty when it may answer with text. */
function forcedTools(choice: ToolChoice, offered: readonly ClientTool[]): readonly ClientTool[] {
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
 * Passes the events on, but turns a text that is a call of one of the tools into that call: `tool_call` with the id
 * `callId` and its arguments, and no text. Events are held back only while the text can still be such a call. Any other
 * text passes unchanged, and so does a text that was cut off or that accompanies a real call. The result does not
 * depend on how the text was split.
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
    isOpen = isBeforeText(event) || (event.type === 'text' && scanner.push(event.text));
    if (!isOpen || held.every(isBeforeText)) yield* held.splice(0);
  }
}

/** Events that the caller does not take for the answer itself. */
const isBeforeText = ({ type }: ModelEvent): boolean => type === 'reasoning' || type === 'left_out';

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
