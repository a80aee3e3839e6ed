import { GatewayError } from '#libs/contract';
import { Worker } from 'node:worker_threads';
import type { CountJob, CountResult } from './count-job.js';

/** Idle this long, the thread and its tables are given back. */
const IDLE_MS_MAX = 60_000;
const COUNT_MS_MAX = 15_000;
const PENDING_MAX = 64;

interface Pending {
  resolve(tokens: number): void;
  reject(cause: Error): void;
}

/** Counts tokens in a thread that is there only while it is needed. */
export class TokenCounter {
  private thread: Worker | undefined;
  private idle: NodeJS.Timeout | undefined;
  private lastId = 0;
  private readonly pending = new Map<number, Pending>();

  /**
   * Tokens of the texts together, in the model's encoding or our estimate of it. Throws GatewayError
   * `rate_limit_exceeded` when too many are waiting, `unavailable` when it takes too long.
   */
  async count(model: string, texts: readonly string[]): Promise<number> {
    if (this.pending.size >= PENDING_MAX) {
      throw new GatewayError('rate_limit_exceeded', 'Too many token counts are waiting.', { retryAfterSeconds: 1 });
    }
    const thread = this.start();
    const job: CountJob = { id: ++this.lastId, model, texts };
    const timer = setTimeout(() => this.stop(new Error('a count took too long')), COUNT_MS_MAX);
    try {
      return await new Promise<number>((resolve, reject) => {
        this.pending.set(job.id, { resolve, reject });
        thread.postMessage(job);
      });
    } catch (cause) {
      throw new GatewayError('unavailable', 'The tokens could not be counted right now.', { cause });
    } finally {
      clearTimeout(timer);
      this.pending.delete(job.id);
      this.restSoon();
    }
  }

  close(): void {
    this.stop(new Error('the server is stopping'));
  }

  private start(): Worker {
    clearTimeout(this.idle);
    if (this.thread) return this.thread;
    const thread = new Worker(new URL('./token-worker.js', import.meta.url));
    thread.unref();
    thread.on('message', (result: CountResult) => this.settle(result));
    thread.on('error', (cause: Error) => this.stop(cause));
    this.thread = thread;
    return thread;
  }

  private settle(result: CountResult): void {
    const waiting = this.pending.get(result.id);
    if ('tokens' in result) waiting?.resolve(result.tokens);
    else waiting?.reject(new Error(result.failure));
  }

  private restSoon(): void {
    clearTimeout(this.idle);
    if (this.pending.size > 0) return;
    this.idle = setTimeout(() => this.stop(new Error('idle')), IDLE_MS_MAX);
    this.idle.unref();
  }

  private stop(cause: Error): void {
    clearTimeout(this.idle);
    const { thread } = this;
    this.thread = undefined;
    for (const waiting of this.pending.values()) waiting.reject(cause);
    // It has nothing that could be lost.
    thread?.terminate().catch(() => undefined);
  }
}
