import { eventChars, LIMITS, type LoggedEvent } from '#libs/contract';

/** Live events on their way to one reader: bounded, so that a slow reader costs bounded memory. */
export class TailInbox {
  private events: LoggedEvent[] = [];
  private chars = 0;
  private lost = false;

  get size(): number {
    return this.events.length;
  }

  put(events: readonly LoggedEvent[]): void {
    for (const event of events) this.chars += eventChars(event);
    const full =
      this.events.length + events.length > LIMITS.relayInboxEventsMax || this.chars > LIMITS.relayInboxCharsMax;
    if (full) this.clear();
    if (full || events.length === 0) this.lost = true;
    else if (this.events.length === 0) this.events = [...events];
    else this.events.push(...events);
  }

  /** The events that follow `seq` without a gap; earlier ones are dropped, a hole makes `hasHole` true. */
  take(seq: number): readonly LoggedEvent[] {
    const events = this.events;
    this.clear();
    const first = events[0];
    if (first?.seq === seq + 1 && isContiguous(events)) return events;
    const batch: LoggedEvent[] = [];
    for (const event of events) {
      if (event.seq === seq + batch.length + 1) batch.push(event);
      else if (event.seq > seq + batch.length + 1) this.lost = true;
    }
    return batch;
  }

  private clear(): void {
    this.events = [];
    this.chars = 0;
  }

  /** Whether events are missing between `seq` and what lies here. Asking clears the mark of a loss. */
  hasHole(seq: number): boolean {
    const first = this.events[0];
    const hole = this.lost || (first !== undefined && first.seq > seq + 1);
    this.lost = false;
    return hole;
  }
}

function isContiguous(events: readonly LoggedEvent[]): boolean {
  const first = events[0]?.seq ?? 0;
  return (events.at(-1)?.seq ?? 0) - first === events.length - 1;
}
