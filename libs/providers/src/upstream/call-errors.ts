/** An answer other than 2xx. `body` is its JSON, or its text. */
export class AnswerRefused extends Error {
  constructor(
    readonly status: number,
    readonly headers: Headers,
    readonly body: unknown,
  ) {
    super(`The upstream answered ${status}.`);
  }
}

/** The request failed before there was an answer. */
export class TransportError extends Error {
  constructor(
    readonly kind: 'timeout' | 'unreachable',
    cause: unknown,
  ) {
    super('The request got no answer.', { cause });
  }
}
