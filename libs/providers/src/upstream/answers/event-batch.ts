import type { ModelEvent } from '#libs/contract';

/**
 * The events of one network read. Neighbouring deltas of one kind become one event: under load a read holds many
 * tokens, and every event costs each layer above some microseconds. The run's log would merge these deltas anyway.
 */
export class EventBatch {
  private events: ModelEvent[] = [];

  add(event: ModelEvent): void {
    const last = this.events.at(-1);
    const merged = last && merge(last, event);
    if (merged) this.events[this.events.length - 1] = merged;
    else this.events.push(event);
  }

  /** All events since the last call. */
  take(): readonly ModelEvent[] {
    const events = this.events;
    if (events.length > 0) this.events = [];
    return events;
  }
}

function merge(last: ModelEvent, event: ModelEvent): ModelEvent | undefined {
  switch (event.type) {
    case 'text':
      if (last.type !== 'text' || last.logprobs || event.logprobs) return undefined;
      return { type: 'text', text: last.text + event.text };
    case 'reasoning':
      if (last.type !== 'reasoning' || last.seal) return undefined;
      return { ...event, text: last.text + event.text };
    case 'refusal':
      return last.type === 'refusal' ? { type: 'refusal', text: last.text + event.text } : undefined;
    case 'tool_arguments':
      if (last.type !== 'tool_arguments' || last.callId !== event.callId) return undefined;
      return { ...last, delta: last.delta + event.delta };
    case 'left_out':
    case 'citations':
    case 'image':
    case 'vectors':
    case 'tool_call':
    case 'tool_extra':
    case 'own_tool':
    case 'own_tool_answered':
    case 'own_tool_progress':
    case 'own_tool_end':
    case 'end':
      return undefined;
  }
}
