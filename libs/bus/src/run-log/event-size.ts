import type { EventOf, RunEvent } from '#libs/contract';

type TextDelta = EventOf<'text.delta' | 'reasoning.delta' | 'refusal.delta'>;

export function isTextDelta(event: RunEvent): event is TextDelta {
  return event.type === 'text.delta' || event.type === 'reasoning.delta' || event.type === 'refusal.delta';
}

/** The characters that make an event large or small; an estimate for bounds, not an account. */
export function charsOf(event: RunEvent): number {
  if (isTextDelta(event)) return event.text.length;
  if (event.type === 'tool_call.arguments.delta') return event.delta.length;
  return JSON.stringify(event).length;
}
