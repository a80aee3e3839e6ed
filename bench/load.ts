import { writeSync } from 'node:fs';
import { Pool } from 'undici';
import { nowUs, paceOf } from './clock.js';
import { Samples, type Summary } from './samples.js';

/** The order for one load process, as JSON in argv[2]. */
export interface LoadOrder {
  readonly url: string;
  /** Names the pace of the answer. */
  readonly model: string;
  /** The name on the wire. Absent: `model`. */
  readonly asked?: string;
  /** Absent: Chat Completions. */
  readonly path?: string;
  readonly users: number;
  readonly stream: boolean;
  readonly warmupSeconds: number;
  readonly seconds: number;
}

/** The result of one load process, printed as one JSON line. Rates count arrivals within the window. */
export interface LoadResult {
  readonly tokensPerSecond: number;
  readonly requestsPerSecond: number;
  readonly ttft: Summary | null;
  readonly token: Summary | null;
  readonly request: Summary | null;
  readonly tokens: number;
  readonly requests: number;
  readonly completed: number;
  readonly lost: number;
  readonly disordered: number;
  readonly errors: number;
  readonly firstError?: string;
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
const REQUEST_SECONDS_MAX = 60;

const order = JSON.parse(process.argv[2] ?? '{}') as LoadOrder;
if (!LOOPBACK.has(new URL(order.url).hostname)) throw new Error('only loopback targets');

const pace = paceOf(order.model);
const { path = '/v1/chat/completions', asked = order.model } = order;
const body = JSON.stringify({
  model: asked,
  stream: order.stream,
  ...(path === '/v1/messages' && { max_tokens: 4_096 }),
  messages: [{ role: 'user', content: 'Count for me.' }],
});
const timeout = REQUEST_SECONDS_MAX * 1_000;
const pool = new Pool(order.url, { connections: order.users, headersTimeout: timeout, bodyTimeout: timeout });
const ttft = new Samples();
const token = new Samples();
const request = new Samples();
const count = { tokens: 0, requests: 0, completed: 0, lost: 0, disordered: 0, errors: 0 };
let firstError: string | undefined;
let window = { from: Infinity, to: Infinity };
const inWindow = (at: number): boolean => at >= window.from && at < window.to;

/** Reads the stamped tokens of one answer as they arrive, whatever frames they are wrapped in. */
class Reader {
  next = 0;
  private rest = '';

  constructor(
    private readonly started: number,
    private readonly measured: boolean,
  ) {}

  feed(text: string, at: number): void {
    const all = this.rest + text;
    let from = 0;
    for (let mark = all.indexOf('@', from); mark >= 0; mark = all.indexOf('@', from)) {
      const end = all.indexOf(' ', mark);
      if (end < 0) break;
      const colon = all.indexOf(':', mark);
      this.take(Number(all.slice(mark + 1, colon)), Number(all.slice(colon + 1, end)), at);
      from = end;
    }
    const open = all.indexOf('@', from);
    this.rest = open < 0 ? '' : all.slice(open);
  }

  private take(stampUs: number, index: number, at: number): void {
    if (index !== this.next) count.disordered++;
    this.next = index + 1;
    if (inWindow(at)) count.tokens++;
    if (!this.measured) return;
    if (index === 0) ttft.add(at - this.started);
    token.add(at - stampUs);
  }
}

function exchange(): Promise<void> {
  const started = nowUs();
  const measured = inWindow(started);
  const reader = new Reader(started, measured);
  let whole = '';
  let status = 0;
  return new Promise((resolve, reject) => {
    pool.dispatch(
      {
        origin: order.url,
        path,
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, code) => void (status = code),
        onResponseData(_controller, chunk) {
          // Stamps and frames are ASCII, and the client shares the cores with what it measures.
          const text = chunk.toString('latin1');
          if (order.stream && status < 300) reader.feed(text, nowUs());
          else whole += text;
        },
        onResponseEnd() {
          const ended = nowUs();
          if (status >= 300) return reject(new Error(`HTTP ${status} ${whole.slice(0, 120)}`));
          if (!order.stream) reader.feed(whole, ended);
          count.completed++;
          count.lost += pace.tokens - reader.next;
          if (inWindow(ended)) count.requests++;
          if (measured) request.add(ended - started);
          resolve();
        },
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
let over = false;

async function user(index: number): Promise<void> {
  // Users of paced answers start spread over one answer's length, or all would write in the same millisecond.
  if (order.stream) await pause((index / order.users) * pace.tokens * pace.gapMs);
  while (!over) {
    await exchange().catch(async (error: Error) => {
      count.errors++;
      firstError ??= error.message;
      await pause(50);
    });
  }
}

const users = Array.from({ length: order.users }, (_, index) => user(index));
await pause(Math.max(order.warmupSeconds * 1_000, pace.tokens * pace.gapMs));
process.send?.('window');
window = { from: nowUs(), to: nowUs() + order.seconds * 1e6 };
await pause(order.seconds * 1_000);
process.send?.('closed');
over = true;
await Promise.race([Promise.all(users), pause(timeout)]);
const result: LoadResult = {
  tokensPerSecond: Math.round(count.tokens / order.seconds),
  requestsPerSecond: Math.round((count.requests / order.seconds) * 10) / 10,
  ttft: ttft.summary(),
  token: order.stream ? token.summary() : null,
  request: request.summary(),
  ...count,
  ...(firstError !== undefined && { firstError }),
};
writeSync(1, `${JSON.stringify(result)}\n`);
process.exit(0);
