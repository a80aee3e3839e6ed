import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { AnswerBody } from './answers/answer-body.js';

/** Status, headers, and a body of which nothing has been read yet. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: AnswerBody;
}

/**
 * One request on its way through undici's dispatcher. `answer` resolves with the headers, or rejects with the failure
 * before them. `abort` closes the socket at any time, even while it is still connecting.
 */
export class UpstreamExchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<RawAnswer>;
  private resolve!: (answer: RawAnswer) => void;
  private reject!: (cause: Error) => void;
  private controller: Dispatcher.DispatchController | undefined;
  private body: AnswerBody | undefined;
  private aborted: Error | undefined;

  constructor() {
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  abort(cause: Error): void {
    this.aborted ??= cause;
    if (this.body) return this.body.close(cause);
    this.reject(cause);
    this.controller?.abort(cause);
  }

  /** Called when the request has a socket. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.aborted) controller.abort(this.aborted);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // Informational answers come before the final one (RFC 9110, 15.2).
    if (status < 200) return;
    controller.pause();
    this.body = new AnswerBody(controller, headers);
    this.resolve({ status, headers, body: this.body });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.body?.push(chunk);
  }

  onResponseEnd(): void {
    this.body?.finish();
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    if (this.body) this.body.finish(cause);
    else this.reject(cause);
  }
}
