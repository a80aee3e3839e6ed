import {
  eventChars,
  isTerminal,
  LIMITS,
  type LiveHub,
  type LiveSubscription,
  type LoggedEvent,
  type RunJournal,
} from '#libs/contract';
import { IdleLooks, type Looked } from './idle-looks.js';
import { TailInbox } from './tail-inbox.js';

export interface TailPorts {
  readonly log: RunJournal;
  readonly hub: LiveHub;
  /** Of this process; absent: the tail looks for itself. */
  readonly looks?: IdleLooks;
}

export interface TailStart {
  readonly runId: string;
  /** The instance that opened the run: RunSpec.instance or RunHead.instance. */
  readonly instance: string;
  /** Events with a greater seq are given. */
  readonly after: number;
  /**
   * The caller knows that the log ends at `after` right now (it is about to open the run), so the first read is
   * skipped.
   */
  readonly caughtUp?: boolean;
}

type Batch = readonly LoggedEvent[];
type Result = IteratorResult<Batch, undefined>;

const OVER: Result = { done: true, value: undefined };

/**
 * Every event of a run after `after`, in order, each once, in batches, until the terminal one. Watching begins with the
 * first `next`; a second one may only follow when the first has settled.
 *
 * The log is the truth and the live channel is a hint. Order of work: watch, then read the log, then wait. Live events
 * that are next in line are used as they are; anything else (a gap, an overfull inbox, silence for a second) sends us
 * back to the log. Losing every live message costs latency, not events. The inbox is bounded, so a slow consumer costs
 * bounded memory: it falls back to reading the log at its own pace.
 *
 * Ends early, without the terminal event, when `signal` aborts. Rejects with GatewayError `run_log_lost` when the log
 * is gone, and `queue_unavailable` when Redis is; it is over then.
 */
export function tailRun(ports: TailPorts, start: TailStart, signal: AbortSignal): RunTail {
  return new RunTail(ports, start, signal);
}

/**
 * Not a generator: a live batch for which a reader waits is passed on in the turn in which it arrived, through one
 * promise.
 */
export class RunTail implements AsyncIterableIterator<Batch, undefined> {
  private readonly inbox = new TailInbox();
  private readonly pages = new Pages();
  private state: 'new' | 'live' | 'ended' | 'over' = 'new';
  private live: LiveSubscription | undefined;
  private mustRead: boolean;
  private seq: number;
  private waiter: ((result: Result | Promise<Result>) => void) | undefined;
  private readonly looks: IdleLooks;
  private stopLooking: (() => void) | undefined;

  constructor(
    private readonly ports: TailPorts,
    private readonly start: TailStart,
    private readonly signal: AbortSignal,
  ) {
    this.mustRead = !(start.caughtUp ?? false);
    this.seq = start.after;
    this.looks = ports.looks ?? new IdleLooks(ports.log);
  }

  next(): Promise<Result> {
    switch (this.state) {
      case 'new':
        return this.begin();
      case 'live':
        return this.mustRead ? this.read() : this.wait();
      case 'ended':
      case 'over':
        return this.return();
    }
  }

  /** Stops watching. A waiting `next` ends. */
  async return(): Promise<Result> {
    const { live } = this;
    this.state = 'over';
    this.live = undefined;
    this.stopLooking?.();
    this.stopLooking = undefined;
    this.signal.removeEventListener('abort', this.stop);
    this.settle(OVER);
    await live?.close();
    return OVER;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private async begin(): Promise<Result> {
    const { runId, instance } = this.start;
    this.state = 'live';
    this.signal.addEventListener('abort', this.stop, { once: true });
    try {
      const live = await this.ports.hub.watch(runId, instance, this.wake);
      if (this.isLive()) this.live = live;
      else await live.close();
    } catch (cause) {
      await this.return();
      throw cause;
    }
    return this.next();
  }

  /** A tail that is reading sees the signal itself. */
  private readonly stop = (): void => {
    const { waiter } = this;
    this.waiter = undefined;
    waiter?.(this.return());
  };

  /** The next live events, or events from the log when the live ones do not follow. */
  private wait(): Promise<Result> {
    const batch = this.inbox.take(this.seq);
    if (batch.length > 0) return Promise.resolve(this.give(batch));
    if (this.inbox.hasHole(this.seq)) return this.read();
    if (this.signal.aborted) return this.return();
    this.stopLooking ??= this.looks.watch(this.start.runId, this.looked);
    return new Promise((resolve) => (this.waiter = resolve));
  }

  private readonly wake = (events: Batch): void => {
    this.inbox.put(events);
    this.looks.heard(this.start.runId);
    if (!this.waiter) return;
    const batch = this.inbox.take(this.seq);
    if (batch.length > 0) this.settle(this.give(batch));
    else if (this.inbox.hasHole(this.seq)) this.settle(this.read());
  };

  private settle(result: Result | Promise<Result>): void {
    const { waiter } = this;
    this.waiter = undefined;
    waiter?.(result);
  }

  /** After a silence: messages may have been lost, or the log itself. */
  private readonly looked = (looked: Looked): boolean => {
    if (!this.waiter) return false;
    if ('gone' in looked) {
      const { waiter } = this;
      this.waiter = undefined;
      waiter(this.return().then(() => Promise.reject(looked.gone)));
    } else if (looked.lastSeq > this.seq) this.settle(this.read());
    else return false;
    return true;
  };

  private async read(): Promise<Result> {
    try {
      while (this.isLive() && !this.signal.aborted) {
        const batch = await this.pages.read(this.ports.log, this.start.runId, this.seq);
        this.mustRead = this.pages.hasMore;
        if (batch.length > 0) return this.give(batch);
        if (!this.inbox.hasHole(this.seq)) return await this.wait();
      }
    } catch (cause) {
      await this.return();
      throw cause;
    }
    return this.return();
  }

  private isLive(): boolean {
    return this.state === 'live';
  }

  private give(batch: Batch): Result {
    const last = batch.at(-1);
    if (last && isTerminal(last)) this.state = 'ended';
    this.seq = last?.seq ?? this.seq;
    return { done: false, value: batch };
  }
}

/**
 * Reads one log page by page. A page has about LIMITS.relayReadCharsMax characters, because many slow readers would
 * otherwise fill the process's memory with pages of large events.
 */
class Pages {
  private count = FIRST_PAGE_EVENTS;
  /** The last page was full. */
  hasMore = false;

  async read(log: RunJournal, runId: string, after: number): Promise<readonly LoggedEvent[]> {
    const page = await log.read(runId, after, this.count);
    this.hasMore = page.length === this.count;
    if (!this.hasMore) return page;
    const chars = page.reduce((sum, event) => sum + eventChars(event), 1);
    const fitting = Math.floor((this.count * LIMITS.relayReadCharsMax) / chars);
    this.count = Math.max(1, Math.min(fitting, LIMITS.relayReadBatchMax));
    return page;
  }
}

const FIRST_PAGE_EVENTS = 32;
