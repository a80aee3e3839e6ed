import type { RunFrame } from '#libs/wire';
import { errorOf } from '../api/api-error.js';
import { keyHeaders } from '../api/key.js';
import type { Wish } from './messages.js';
import { readFrames } from './read-frames.js';

/** A server sends a keep-alive every 10 s: a stream that is silent for longer than this is dead, whatever it seems. */
const SILENCE_MS_MAX = 20_000;
const LOOK_MS = 2_500;
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 8_000;
/** As many as the server takes on one stream. The youngest wishes win. */
const RUNS_MAX = 32;

interface Wanted extends Wish {
  lastSeq: number;
  give(frames: readonly RunFrame[]): void;
  gone(): void;
}

const ENDS: ReadonlySet<string> = new Set(['run.completed', 'run.incomplete', 'run.failed', 'run.cancelled']);

/**
 * All runs that somebody follows with one key, over one connection at a time and as many as it takes: every wish hears
 * every event once. There is a connection only while there is a wish.
 */
export class ManyStream {
  private readonly wishes = new Map<string, Wanted>();
  private connection: AbortController | undefined;
  private lifeAt = Date.now();
  private wake: (() => void) | undefined;
  private isRunning = false;
  /** Runs on the connection that is open now. */
  private connected: ReadonlySet<string> = new Set();

  constructor(private readonly key: string | undefined) {}

  add(wish: Wish, hears: Pick<Wanted, 'give' | 'gone'>): void {
    this.wishes.set(wish.id, { ...wish, ...hears, lastSeq: wish.after });
    // The connection speaks of this run already, but from another event on: a new one fills what lies between.
    this.connection?.abort();
    this.wake?.();
    if (!this.isRunning) void this.run();
  }

  remove(id: string): void {
    this.wishes.delete(id);
    if (this.wishes.size > 0) return;
    this.connection?.abort();
    this.wake?.();
  }

  check(): void {
    if (Date.now() - this.lifeAt > SILENCE_MS_MAX) this.connection?.abort();
    this.wake?.();
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    for (let failures = 0; this.wishes.size > 0;) {
      // Wishes come in groups, when a page opens: one turn later they are all there.
      await new Promise((resolve) => setTimeout(resolve, 0));
      const outcome = await this.connect();
      failures = outcome === 'failed' ? failures + 1 : 0;
      if (failures > 0 && this.wishes.size > 0) await this.pause(RETRY_MS_MIN * 2 ** Math.min(failures - 1, 5));
    }
    this.isRunning = false;
  }

  /** One connection, to its end. `spoke`: events came over it, or it was given up for a better one. */
  private async connect(): Promise<'spoke' | 'failed'> {
    const cursors = this.cursors();
    if (cursors.size === 0) return 'spoke';
    const connection = (this.connection = new AbortController());
    this.connected = new Set(cursors.keys());
    this.lifeAt = Date.now();
    const watch = setInterval(() => this.check(), LOOK_MS);
    let hasSpoken = false;
    try {
      const query = [...cursors].map(([runId, after]) => `run=${runId}:${after}`).join('&');
      const headers = keyHeaders(this.key);
      const answer = await fetch(`/v1/runs/events?${query}`, { headers, signal: connection.signal, cache: 'no-store' });
      if (!answer.ok) return await this.refused(answer);
      await readFrames(answer, {
        onLife: () => (this.lifeAt = Date.now()),
        onFrames: (frames) => {
          hasSpoken = true;
          this.give(frames);
        },
      });
      return hasSpoken ? 'spoke' : 'failed';
    } catch {
      const isOurs = connection.signal.aborted && Date.now() - this.lifeAt <= SILENCE_MS_MAX;
      return hasSpoken || isOurs ? 'spoke' : 'failed';
    } finally {
      clearInterval(watch);
      this.connection = undefined;
    }
  }

  /** For each run the earliest event that a wish has not heard. */
  private cursors(): ReadonlyMap<string, number> {
    const cursors = new Map<string, number>();
    for (const { runId, lastSeq } of [...this.wishes.values()].reverse()) {
      if (cursors.size >= RUNS_MAX && !cursors.has(runId)) continue;
      cursors.set(runId, Math.min(lastSeq, cursors.get(runId) ?? Infinity));
    }
    return cursors;
  }

  private give(frames: readonly RunFrame[]): void {
    for (const wish of [...this.wishes.values()]) {
      const fresh = frames.filter(
        ({ run_id, seq, event }) => run_id === wish.runId && seq > wish.lastSeq && event !== 'reasoning.available',
      );
      const last = fresh.at(-1);
      if (!last) continue;
      wish.lastSeq = last.seq;
      // Its last event: nothing more will come, and a new connection must not ask for it.
      if (ENDS.has(last.event)) this.wishes.delete(wish.id);
      wish.give(fresh);
    }
  }

  private async refused(answer: Response): Promise<'spoke' | 'failed'> {
    const error = await errorOf(answer);
    if (error.isPassing || error.status >= 500) return 'failed';
    // One run is not there: the others are asked for again. Anything else holds for all of them.
    const isOne = ['run_not_found', 'run_expired'].includes(error.code) && this.connected.has(error.param ?? '');
    for (const wish of [...this.wishes.values()]) {
      if (isOne && wish.runId !== error.param) continue;
      this.wishes.delete(wish.id);
      wish.gone();
    }
    return 'spoke';
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(ms, RETRY_MS_MAX));
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
