import { LIMITS } from '#libs/contract';
import { renderFrame, type SseFrame } from '#libs/protocols';
import type { ServerResponse } from 'node:http';
import { API_LIMITS } from '../words/api-limits.js';

/** A comment, which every client of this format ignores. */
const KEEPALIVE = renderFrame({ comment: 'keepalive' } satisfies SseFrame);

/**
 * One SSE answer. `add` collects frames and `flush` sends them, many in one write and never one in two. When the client
 * reads more slowly than the run produces, both return a promise: wait for it before you add more. So the server holds
 * one burst per slow client, and other readers are not affected.
 */
export class EventStream {
  private burst = '';
  /** Time of the last write, on the sweep's clock. */
  private touchedAt: number;
  private blocked = false;
  /**
   * A frame has been sent. Before that no event may be, because SDK helpers fail at an event before the protocol's
   * first one.
   */
  private hasSpoken = false;

  constructor(
    private readonly response: ServerResponse,
    private readonly sweep: StreamSweep,
    /** Sent during a silence after the first frame, as text. */
    private readonly keepalive: string = KEEPALIVE,
  ) {
    this.touchedAt = sweep.now;
  }

  /** Sends the head at once, so that proxies and clients get a sign of life while the run waits for a worker. */
  open(): void {
    this.response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    this.response.flushHeaders();
    // Handles a write to a closing socket. The exchange is told of the close itself.
    this.response.on('error', () => this.cut());
    this.sweep.add(this);
  }

  add(frame: string): Promise<void> | undefined {
    this.burst += frame;
    return this.burst.length < API_LIMITS.sseBurstCharsMax ? undefined : this.flush();
  }

  flush(): Promise<void> | undefined {
    const { burst, response } = this;
    this.burst = '';
    if (burst === '' || response.destroyed) return undefined;
    this.hasSpoken = true;
    this.touchedAt = this.sweep.now;
    return this.write(burst) ? undefined : this.drained();
  }

  /** Ends the answer after everything that was added. */
  end(): void {
    this.sweep.delete(this);
    if (!this.response.destroyed) this.response.end(this.burst);
  }

  /** Cuts the connection: the client gets a broken answer, never one that looks complete. */
  cut(): void {
    this.sweep.delete(this);
    this.response.destroy();
  }

  /**
   * Called by the sweep. Breaks a silence with the keep-alive frame (a comment before the first frame), and cuts off a
   * client that has stopped reading.
   */
  look(now: number, keepaliveMs: number): void {
    const silentMs = now - this.touchedAt;
    if (this.blocked) {
      if (silentMs < LIMITS.sseWriteStallSecondsMax * 1_000) return;
      this.cut();
      this.sweep.onStalled();
    } else if (silentMs >= keepaliveMs) {
      this.touchedAt = now;
      this.write(this.hasSpoken ? this.keepalive : KEEPALIVE);
    }
  }

  /**
   * Sends one chunk in one write to the socket. Through the response a chunk would be four buffers and a writev, which
   * was the largest single cost of the API under 200 streams (14 % of its time). Two cases still use the response: one
   * that has no socket yet, because it queues behind others on its connection, and HTTP/1.0, which has no chunks.
   */
  private write(text: string): boolean {
    const { response } = this;
    const { socket } = response;
    if (!socket || !response.chunkedEncoding || response.writableLength > socket.writableLength) {
      return response.write(text);
    }
    return socket.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
  }

  private drained(): Promise<void> {
    const { response } = this;
    const { socket } = response;
    this.blocked = true;
    return new Promise((resolve) => {
      const done = (): void => {
        response.off('drain', done);
        response.off('close', done);
        socket?.off('drain', done);
        this.blocked = false;
        this.touchedAt = this.sweep.now;
        resolve();
      };
      response.on('drain', done);
      response.on('close', done);
      socket?.on('drain', done);
    });
  }
}

/** Checks within one keep-alive period; a comment is late by one check at most. */
const LOOKS_PER_PERIOD = 10;

/**
 * One timer for all streams, and a coarse clock that each stream reads once per write, so that no timer is set per
 * event.
 */
export class StreamSweep {
  now = Date.now();
  private readonly streams = new Set<EventStream>();
  private readonly timer: NodeJS.Timeout;

  /** @param onStalled called with every stream that is cut because its client had stopped reading. */
  constructor(
    keepaliveMs: number,
    readonly onStalled: () => void = () => undefined,
  ) {
    this.timer = setInterval(
      () => this.look(keepaliveMs),
      Math.min(1_000, Math.max(10, Math.floor(keepaliveMs / LOOKS_PER_PERIOD))),
    );
    this.timer.unref();
  }

  get size(): number {
    return this.streams.size;
  }

  add(stream: EventStream): void {
    this.streams.add(stream);
  }

  delete(stream: EventStream): void {
    this.streams.delete(stream);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private look(keepaliveMs: number): void {
    this.now = Date.now();
    for (const stream of this.streams) stream.look(this.now, keepaliveMs);
  }
}
