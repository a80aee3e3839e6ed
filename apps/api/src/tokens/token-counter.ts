import { GatewayError, type RefusalReason } from '#libs/contract';
import { Worker } from 'node:worker_threads';
import { API_LIMITS } from '../words/api-limits.js';
import type { CountJob, CountResult } from './count-job.js';

/** The part of the counting thread that is used here. */
export type CountThread = Pick<Worker, 'on' | 'postMessage' | 'terminate' | 'unref'>;

export interface CounterParts {
  start(): CountThread;
  /** Longest time of one count, from its own start. */
  readonly countMsMax: number;
}

const PARTS: CounterParts = {
  start: () => new Worker(new URL('./token-worker.js', import.meta.url)),
  countMsMax: API_LIMITS.countMsMax,
};

/** Counts for one key. */
export interface KeyCounter {
  /**
   * The total tokens of the texts, in the model's encoding or our estimate of it. Throws GatewayError
   * `rate_limit_exceeded` when too many counts wait, and `unavailable` when a count takes too long.
   */
  count(model: string, texts: readonly string[]): Promise<number>;
}

interface Count {
  readonly owner: string;
  readonly chars: number;
  readonly job: CountJob;
  resolve(tokens: number): void;
  reject(cause: Error): void;
}

/**
 * Counts tokens, one count at a time, in a thread that exists only while it is needed. Keys take turns. A count that
 * takes too long fails alone: the thread is restarted for the next one.
 */
export class TokenCounter {
  private thread: CountThread | undefined;
  private idle: NodeJS.Timeout | undefined;
  private lastId = 0;
  /** The waiting counts of each key, in order. The key whose turn is next comes first. */
  private readonly waiting = new Map<string, Count[]>();
  private running: { readonly count: Count; readonly timer: NodeJS.Timeout } | undefined;
  /** Waiting and running counts. */
  private readonly open = new Set<Count>();

  constructor(private readonly parts: CounterParts = PARTS) {}

  of(owner: string): KeyCounter {
    return { count: (model, texts) => this.count(owner, model, texts) };
  }

  close(): void {
    const cause = new Error('the server is stopping');
    const { running } = this;
    this.waiting.clear();
    this.stop();
    if (running) clearTimeout(running.timer);
    this.running = undefined;
    for (const count of this.open) count.reject(cause);
  }

  private async count(owner: string, model: string, texts: readonly string[]): Promise<number> {
    const chars = texts.reduce((sum, { length }) => sum + length, 0);
    this.assertRoom(owner, chars);
    let count: Count | undefined;
    try {
      return await new Promise<number>((resolve, reject) => {
        count = { owner, chars, job: { id: ++this.lastId, model, texts }, resolve, reject };
        this.open.add(count);
        this.waiting.set(owner, [...(this.waiting.get(owner) ?? []), count]);
        this.next();
      });
    } catch (cause) {
      throw new GatewayError('unavailable', 'The tokens could not be counted right now.', { cause });
    } finally {
      if (count) this.open.delete(count);
      this.restSoon();
    }
  }

  /** A key without any count under way may count one prompt of any length. */
  private assertRoom(owner: string, chars: number): void {
    const all = [...this.open];
    const own = all.filter((count) => count.owner === owner);
    const { countsPerKeyMax, countCharsPerKeyMax, countsMax, countCharsMax } = API_LIMITS;
    const isOver = (counts: readonly Count[], numberMax: number, charsMax: number): boolean =>
      counts.length >= numberMax || (counts.length > 0 && charsOf(counts) + chars > charsMax);
    if (isOver(own, countsPerKeyMax, countCharsPerKeyMax)) throw tooMany(' of this API key', 'key_counting');
    if (isOver(all, countsMax, countCharsMax)) throw tooMany('', 'counting');
  }

  private next(): void {
    if (this.running) return;
    const [first] = this.waiting;
    if (!first) return;
    const [owner, [count, ...others]] = first;
    this.waiting.delete(owner);
    if (others.length > 0) this.waiting.set(owner, others);
    if (!count) return;
    const timer = setTimeout(() => this.fail(new Error('a count took too long')), this.parts.countMsMax);
    this.running = { count, timer };
    this.start().postMessage(count.job);
  }

  private start(): CountThread {
    clearTimeout(this.idle);
    if (this.thread) return this.thread;
    const thread = this.parts.start();
    thread.unref();
    thread.on('message', (result: CountResult) => this.settle(thread, result));
    thread.on('error', (cause: Error) => {
      if (thread === this.thread) this.fail(cause);
    });
    this.thread = thread;
    return thread;
  }

  private settle(thread: CountThread, result: CountResult): void {
    const { running } = this;
    if (thread !== this.thread || running?.count.job.id !== result.id) return;
    if ('tokens' in result) running.count.resolve(result.tokens);
    else running.count.reject(new Error(result.failure));
    this.advance();
  }

  /** Fails the running count and ends its thread. */
  private fail(cause: Error): void {
    this.stop();
    this.running?.count.reject(cause);
    this.advance();
  }

  private advance(): void {
    if (this.running) clearTimeout(this.running.timer);
    this.running = undefined;
    this.next();
  }

  private restSoon(): void {
    clearTimeout(this.idle);
    if (this.open.size > 0) return;
    this.idle = setTimeout(() => this.stop(), API_LIMITS.countIdleMs);
    this.idle.unref();
  }

  private stop(): void {
    clearTimeout(this.idle);
    const { thread } = this;
    this.thread = undefined;
    // The thread has no state that could be lost.
    thread?.terminate().catch(() => undefined);
  }
}

const charsOf = (counts: readonly Count[]): number => counts.reduce((sum, { chars }) => sum + chars, 0);

function tooMany(whose: string, reason: RefusalReason): GatewayError {
  return new GatewayError('rate_limit_exceeded', `Too many token counts${whose} are waiting.`, {
    retryAfterSeconds: 1,
    reason,
  });
}
