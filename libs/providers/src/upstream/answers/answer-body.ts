import type { Dispatcher } from 'undici';

/** Takes the bytes of a body as the socket gives them, within that turn of the event loop. */
export interface BodyReader {
  data(chunk: Buffer): void;
  /** The body is over, once: broken off when there is a cause. */
  end(cause?: Error): void;
}

/**
 * The body of an answer. Nothing is taken from the socket before there is a reader, nor while it is paused:
 * back-pressure reaches the upstream. The time without a byte (`bodyTimeout`) does not run meanwhile.
 */
export class AnswerBody {
  private reader: BodyReader | undefined;
  private over: { readonly cause?: Error } | undefined;

  /** @param controller of the exchange, paused. */
  constructor(private readonly controller: Dispatcher.DispatchController) {}

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
    this.reader?.data(chunk);
  }

  /** For the exchange: the body is over. */
  finish(cause?: Error): void {
    if (this.over) return;
    this.over = { ...(cause && { cause }) };
    this.reader?.end(cause);
  }
}
