import type { EventOf, RunEvent } from './run-event.js';

type TextDelta = EventOf<'text.delta' | 'reasoning.delta' | 'refusal.delta'>;

export function isTextDelta(event: RunEvent): event is TextDelta {
  return event.type === 'text.delta' || event.type === 'reasoning.delta' || event.type === 'refusal.delta';
}

/** An estimate of the event's size in characters, for bounds. */
export function eventChars(event: RunEvent): number {
  if (isTextDelta(event) && !isLarge(event)) return event.text.length;
  if (event.type === 'tool_call.arguments.delta') return event.delta.length;
  return JSON.stringify(event).length;
}

/** Whether the text is the smaller part of a delta. */
const isLarge = (event: TextDelta): boolean =>
  'seal' in event || 'image' in event || 'compaction' in event || 'vectors' in event;
