/** An answer other than 2xx. `error` is the `error` member of its body, if it has one. */
export class AnswerRefused extends Error {
  constructor(
    readonly status: number,
    readonly headers: Headers,
    readonly error: unknown,
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
