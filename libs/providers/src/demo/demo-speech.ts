import type { ModelEvent } from '#libs/contract';
import type { DemoReply } from './demo-reply.js';
import { splitWords } from './demo-words.js';

/** The events of a reply, without `end`. Each event but `tool_call` is one word. */
export function* demoEvents(reply: DemoReply, stop: readonly string[]): Generator<ModelEvent> {
  for (const text of splitWords(upToStop(reply.text, stop))) yield { type: 'text', text };
  for (const { callId, name, args } of reply.calls) {
    yield { type: 'tool_call', callId, name };
    for (const delta of splitWords(JSON.stringify(args))) yield { type: 'tool_arguments', callId, delta };
  }
}

function upToStop(text: string, stop: readonly string[]): string {
  const ends = stop.filter((sequence) => sequence !== '').map((sequence) => text.indexOf(sequence));
  const end = Math.min(...ends.filter((at) => at >= 0));
  return Number.isFinite(end) ? text.slice(0, end) : text;
}
