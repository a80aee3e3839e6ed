import { createParser } from 'eventsource-parser';
import { request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ReadFrame {
  readonly id: string;
  readonly data: string;
}

const TERMINAL = /^\{"event":"run\.(completed|incomplete|failed|cancelled)"/;
const RECONNECT_MS = 100;

/** Where a client finds the service now; whoever is asked next is chosen anew at every connect. */
export type Addresses = () => readonly string[];

/**
 * A listener of a run's events that never gives up: whenever its stream ends without the run's end it comes back, to
 * another replica, with the number it saw last. Everything received is kept as it came, for the audit.
 */
export class Reading {
  readonly frames: ReadFrame[] = [];
  /** performance.now() at each frame. */
  readonly times: number[] = [];
  connects = 0;
  /** Answers that were neither a stream nor "come back later". */
  readonly refusals: string[] = [];
  private turn: number;
  private end: Promise<this> | undefined;

  constructor(
    readonly runId: string,
    private readonly addresses: Addresses,
    turn = 0,
  ) {
    this.turn = turn;
  }

  get ended(): boolean {
    return TERMINAL.test(this.frames.at(-1)?.data ?? '');
  }

  /**
   * Resolves when the run has ended and all of it was read. Rejects when `signal` aborts before. Asking twice reads
   * once.
   */
  toEnd(signal: AbortSignal): Promise<this> {
    return (this.end ??= this.readOn(signal));
  }

  private async readOn(signal: AbortSignal): Promise<this> {
    while (!this.ended) {
      signal.throwIfAborted();
      if (this.connects > 0) await sleep(RECONNECT_MS);
      await this.connect(signal).catch(() => undefined); // A broken connection: the next one goes on.
    }
    return this;
  }

  private connect(signal: AbortSignal): Promise<void> {
    const addresses = this.addresses();
    const base = addresses[this.turn++ % Math.max(1, addresses.length)];
    this.connects++;
    if (base === undefined) return Promise.resolve();
    const last = this.frames.at(-1)?.id;
    const headers = last === undefined ? {} : { 'last-event-id': last };
    return new Promise((resolve, reject) => {
      const ask = request(`${base}/v1/runs/${this.runId}/events`, { headers, agent: false, signal }, (response) => {
        response.on('error', reject);
        response.on('end', resolve);
        this.take(response);
      });
      ask.on('error', reject);
      ask.end();
    });
  }

  private take(response: IncomingMessage): void {
    const { statusCode = 0 } = response;
    if (statusCode !== 200) {
      if (statusCode !== 503 && statusCode !== 429) this.refusals.push(`${statusCode} for the events of ${this.runId}`);
      response.resume();
      return;
    }
    const parser = createParser({
      onEvent: ({ id = '', data }) => {
        this.frames.push({ id, data });
        this.times.push(performance.now());
      },
    });
    response.setEncoding('utf8');
    response.on('data', (text: string) => parser.feed(text));
  }
}
