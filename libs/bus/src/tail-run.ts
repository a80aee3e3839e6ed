import { GatewayError, isTerminal, LIMITS, type LoggedEvent } from '#libs/contract';
import { charsOf } from './event-size.js';
import type { LiveHub, RunLog } from './ports.js';

export interface TailStart {
  readonly runId: string;
  /** The instance that opened the run: RunSpec.instance or RunHead.instance. */
  readonly instance: string;
  /** Events with a greater seq are given. */
  readonly after: number;
  /** The caller knows that the log ends at `after` right now (it is about to open the run): no first read. */
  readonly caughtUp?: boolean;
}

/**
 * Every event of a run after `after`, in order, each once, in batches, until the terminal one.
 *
 * The log is the truth and the live channel is a hint. Order of work: watch, then read the log, then wait. Live events
 * that are next in line are used as they are; anything else (a gap, an overfull inbox, silence for a second) sends us
 * back to the log. Losing every live message costs latency, not events. The inbox is bounded, so a slow consumer costs
 * bounded memory: it falls back to reading the log at its own pace.
 *
 * Returns early, without the terminal event, when `signal` aborts. Throws GatewayError `run_log_lost` when the log is gone,
 * and `queue_unavailable` when Redis is.
 */
export async function* tailRun(
  bus: { readonly log: RunLog; readonly hub: LiveHub },
  { runId, instance, after, caughtUp = false }: TailStart,
  signal: AbortSignal,
): AsyncGenerator<readonly LoggedEvent[]> {
  const inbox = new Inbox();
  const pages = new Pages();
  const ring = (): void => inbox.ring();
  signal.addEventListener('abort', ring, { once: true });
  const live = await bus.hub.watch(runId, instance, (events) => inbox.put(events));
  let seq = after;
  try {
    let mustRead = !caughtUp;
    while (!signal.aborted) {
      const batch = mustRead ? await pages.read(bus.log, runId, seq) : inbox.take(seq);
      if (batch.length > 0) yield batch;
      const last = batch.at(-1);
      if (last && isTerminal(last)) return;
      seq = last?.seq ?? seq;
      if (mustRead && pages.hasMore) continue;
      mustRead = inbox.hasHole(seq);
      if (mustRead || inbox.size > 0) continue;
      const silent = await inbox.wait(LIMITS.relayIdlePollMs, signal);
      mustRead = silent || inbox.hasHole(seq);
      if (silent) await assertLogExists(bus.log, runId, signal);
    }
  } finally {
    signal.removeEventListener('abort', ring);
    await live.close();
  }
}

async function assertLogExists(log: RunLog, runId: string, signal: AbortSignal): Promise<void> {
  if (signal.aborted || (await log.head(runId))) return;
  throw new GatewayError('run_log_lost', 'The events of this run were lost.');
}

/**
 * Reads of one log, page by page, of so many events that a page has about LIMITS.relayReadCharsMax characters: readers that
 * are slow together would hold the process's memory in pages of large events otherwise.
 */
class Pages {
  private count = FIRST_PAGE_EVENTS;
  /** The last page was full. */
  hasMore = false;

  async read(log: RunLog, runId: string, after: number): Promise<readonly LoggedEvent[]> {
    const page = await log.read(runId, after, this.count);
    this.hasMore = page.length === this.count;
    if (!this.hasMore) return page;
    const chars = page.reduce((sum, event) => sum + charsOf(event), 1);
    const fitting = Math.floor((this.count * LIMITS.relayReadCharsMax) / chars);
    this.count = Math.max(1, Math.min(fitting, LIMITS.relayReadBatchMax));
    return page;
  }
}

const FIRST_PAGE_EVENTS = 32;

/** Live events on their way to one reader. */
class Inbox {
  private events: LoggedEvent[] = [];
  private chars = 0;
  private lost = false;
  private wake: (() => void) | undefined;

  get size(): number {
    return this.events.length;
  }

  put(events: readonly LoggedEvent[]): void {
    for (const event of events) this.chars += charsOf(event);
    const full =
      this.events.length + events.length > LIMITS.relayInboxEventsMax || this.chars > LIMITS.relayInboxCharsMax;
    if (full) this.clear();
    if (full || events.length === 0) this.lost = true;
    else if (this.events.length === 0) this.events = [...events];
    else this.events.push(...events);
    this.ring();
  }

  ring(): void {
    this.wake?.();
    this.wake = undefined;
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

  /** Resolves true after `ms` of silence, false as soon as something came. */
  wait(ms: number, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted || this.events.length > 0 || this.lost) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.wake = undefined;
        resolve(true);
      }, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve(false);
      };
    });
  }
}

function isContiguous(events: readonly LoggedEvent[]): boolean {
  const first = events[0]?.seq ?? 0;
  return (events.at(-1)?.seq ?? 0) - first === events.length - 1;
}
