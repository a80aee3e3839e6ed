import type { Dispatcher } from 'undici';
import { unpacking, type BodyReader } from './unpack.js';

/**
 * The body of an answer. Nothing is taken from the socket before there is a reader, nor while it is paused:
 * back-pressure reaches the upstream. The time without a byte (`bodyTimeout`) does not run meanwhile.
 */
export class AnswerBody {
  private reader: BodyReader | undefined;
  private over: { readonly cause?: Error } | undefined;

  private hasBegun = false;

  /**
   * @param controller of the exchange, paused.
   * @param encoding the answer's `content-encoding`, in lower case; empty for none.
   */
  constructor(
    private readonly controller: Dispatcher.DispatchController,
    private readonly encoding = '',
  ) {}

  /** Begins, once. A body that is over by then ends at once. */
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

  /** Closes the socket, unless the body is over: then it stays usable. The reader is told. */
  close(cause: Error): void {
    if (!this.over) this.controller.abort(cause);
  }

  /** For the exchange: bytes came. */
  push(chunk: Buffer): void {
    if (!this.hasBegun) this.begin(chunk);
    this.reader?.data(chunk);
  }

  private begin(first: Buffer): void {
    this.hasBegun = true;
    if (this.reader) this.reader = unpacking(first, this.encoding, this.reader, this.controller);
  }

  /** For the exchange: the body is over. */
  finish(cause?: Error): void {
    if (this.over) return;
    this.over = { ...(cause && { cause }) };
    this.reader?.end(cause);
  }
}
