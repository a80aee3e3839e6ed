import { Hub, type Port } from './hub.js';
import type { FromStream, ToStream } from './messages.js';

/** A shared worker that has not answered for so long is broken, or the browser has none. */
const ANSWER_MS_MAX = 4_000;
const HERE_MS = 10_000;

/**
 * The page's line to the stream: a worker that all tabs share, or this page alone where there is no such worker or it
 * does not answer.
 */
export class Line {
  private send: (message: ToStream) => void;
  private answeredAt = Date.now();

  /** @param onLost told when the line is a new one: everything has to be asked for again. */
  constructor(
    private readonly onMessage: (message: FromStream) => void,
    private readonly onLost: () => void,
  ) {
    this.send = this.toWorker() ?? this.toOwnHub();
    setInterval(() => this.sayHere(), HERE_MS);
    this.sayHere();
  }

  post(message: ToStream): void {
    this.send(message);
  }

  private sayHere(): void {
    this.post({ type: 'here' });
    const askedAt = Date.now();
    setTimeout(() => {
      if (this.answeredAt >= askedAt || document.hidden) return;
      this.send = this.toOwnHub();
      this.onLost();
    }, ANSWER_MS_MAX);
  }

  private toWorker(): ((message: ToStream) => void) | undefined {
    if (typeof SharedWorker === 'undefined') return undefined;
    try {
      const worker = new SharedWorker(new URL('./stream-worker.ts', import.meta.url), { type: 'module' });
      worker.port.onmessage = ({ data }: MessageEvent<FromStream>) => this.hear(data);
      return (message) => worker.port.postMessage(message);
    } catch {
      return undefined;
    }
  }

  private toOwnHub(): (message: ToStream) => void {
    const hub = new Hub();
    const page: Port = { post: (message) => this.hear(message) };
    return (message) => hub.take(page, message);
  }

  private hear(message: FromStream): void {
    this.answeredAt = Date.now();
    if (message.type !== 'here') this.onMessage(message);
  }
}
