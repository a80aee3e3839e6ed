import { eventChars, isPlainDelta, isTextDelta, LIMITS, type RunEvent } from '#libs/contract';

export interface StampedEvent {
  readonly seq: number;
  /** The event's JSON as it is stored. */
  readonly text: string;
  readonly terminal: boolean;
}

/** Bytes that an event takes in the log besides its text: an estimate for bounds, not an exact size. */
const EVENT_BYTES = 64;

/**
 * Events of this event-loop turn, not numbered yet. Neighbouring deltas of one item become one event, up to a bound: a
 * reader cannot take less than one event, so an event of megabytes would cost every slow reader megabytes.
 */
export class PendingEvents {
  private events: RunEvent[] = [];
  bytes = 0;

  add(event: RunEvent): void {
    const merged = this.merge(event);
    if (merged) this.events[this.events.length - 1] = merged;
    else this.events.push(event);
    this.bytes += (merged ? 0 : EVENT_BYTES) + eventChars(event);
  }

  take(): readonly RunEvent[] {
    const events = this.events;
    this.events = [];
    this.bytes = 0;
    return events;
  }

  private merge(event: RunEvent): RunEvent | undefined {
    const last = this.events.at(-1);
    if (last?.type !== event.type) return undefined;
    if (isTextDelta(event) && isTextDelta(last)) {
      const plain = isPlainDelta(event) && isPlainDelta(last);
      return plain && last.step === event.step && fits(last.text, event.text)
        ? { ...last, text: last.text + event.text }
        : undefined;
    }
    if (event.type === 'tool_call.arguments.delta' && last.type === 'tool_call.arguments.delta') {
      return last.callId === event.callId && fits(last.delta, event.delta)
        ? { ...last, delta: last.delta + event.delta }
        : undefined;
    }
    return undefined;
  }
}

const fits = (some: string, more: string): boolean => some.length + more.length <= LIMITS.mergedDeltaCharsMax;

/** The newest acknowledged events, which are sent again if Redis lost the tail of its append-only file. */
export class ReplayRing {
  private events: StampedEvent[] = [];
  private bytes = 0;

  constructor(private readonly bytesMax: number) {}

  add(events: readonly StampedEvent[]): void {
    for (const event of events) {
      this.events.push(event);
      this.bytes += event.text.length + EVENT_BYTES;
    }
    if (this.bytes > this.bytesMax) this.forgetOldest();
  }

  /** Takes back all events from `seq` on. undefined when some of them are no longer kept. */
  takeFrom(seq: number): StampedEvent[] | undefined {
    const at = this.events.findIndex((event) => event.seq === seq);
    if (at < 0) return undefined;
    const lost = this.events.splice(at);
    for (const event of lost) this.bytes -= event.text.length + EVENT_BYTES;
    return lost;
  }

  /** Drops events down to half the bound, so that the array is not shifted for every event. */
  private forgetOldest(): void {
    let count = 0;
    while (count < this.events.length && this.bytes > this.bytesMax / 2) {
      this.bytes -= (this.events[count]?.text.length ?? 0) + EVENT_BYTES;
      count++;
    }
    this.events.splice(0, count);
  }
}
