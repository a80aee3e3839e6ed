import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { unpacking, type BodyReader } from './unpack.js';

/**
 * The body of an answer. Nothing is read from the socket before there is a reader, or while the body is paused, so
 * back-pressure reaches the upstream. The time limit without a byte (`bodyTimeout`) stops meanwhile.
 */
export class AnswerBody {
  private reader: BodyReader | undefined;
  private over: { readonly cause?: Error } | undefined;

  private hasBegun = false;

  /**
   * @param controller of the exchange, paused.
   * @param headers of the answer; its `content-encoding` is undone.
   */
  constructor(
    private readonly controller: Dispatcher.DispatchController,
    readonly headers: IncomingHttpHeaders = {},
  ) {}

  /** Starts reading, once. A body that is already over ends at once. */
  read(reader: BodyReader): void {
    this.reader = reader;
    if (this.over) reader.end(this.over.cause);
    else this.controller.resume();
  }

  pause(): void {
    this.controller.pause();
  }

  resume(): void {
    this.controller.resume();
  }

  /** Closes the socket and tells the reader. A socket whose body is over stays open for the next request. */
  close(cause: Error): void {
    if (!this.over) this.controller.abort(cause);
  }

  /** Called by the exchange when bytes arrive. */
  push(chunk: Buffer): void {
    if (!this.hasBegun) this.begin(chunk);
    this.reader?.data(chunk);
  }

  private begin(first: Buffer): void {
    this.hasBegun = true;
    const encoding = String(this.headers['content-encoding'] ?? '').toLowerCase();
    if (this.reader) this.reader = unpacking(first, encoding, this.reader, this.controller);
  }

  /** Called by the exchange when the body is over. */
  finish(cause?: Error): void {
    if (this.over) return;
    this.over = { ...(cause && { cause }) };
    this.reader?.end(cause);
  }
}
