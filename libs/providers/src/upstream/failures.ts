import { GatewayError, type ErrorCode, type RefusedField } from '#libs/contract';
import { AnswerRefused, TransportError } from './call-errors.js';
import { codeOfStatus, codeOfWords, isAboutQuota, isUnknownModel } from './error-codes.js';
import { wordsOf, type Words } from './error-words.js';
import { redact } from './redact.js';
import { retryAfterMs } from './retry-after.js';

/** The upstream's name for error texts, and the secret that these must not show. */
export interface Upstream {
  readonly name: string;
  readonly apiKey: string | undefined;
}

/** What a failed request says about asking again. */
export interface Hints {
  /** The same request may succeed if it is sent again. */
  readonly retry: boolean;
  /** The wait that the upstream asked for, however long. */
  readonly waitMs?: number;
  /** The upstream does not stream. It may answer the same request when asked for the whole answer. */
  readonly refusesStream?: boolean;
  /** Fields of the request that were refused by name. Without them the request still means the same. */
  readonly refuses?: readonly RefusedField[];
  /** The upstream lacks the model. Another one may have it. */
  readonly elsewhere?: boolean;
}

/** A failure whose answer says more about asking again than its error code does. */
export class UpstreamFailure extends GatewayError {
  /** @param words the upstream's own words, not for display. */
  constructor(
    readonly hints: Hints,
    code: ErrorCode,
    message: string,
    { words = {}, ...options }: ConstructorParameters<typeof GatewayError>[2] & { readonly words?: Words } = {},
  ) {
    super(code, message, options);
    this.words = words;
  }

  readonly words: Words;

  /** The same failure with additional hints. */
  with(more: Partial<Hints>): UpstreamFailure {
    const { code, message, cause, words, retryAfterSeconds } = this;
    const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
    return new UpstreamFailure({ ...this.hints, ...more }, code, message, { cause, words, ...wait });
  }
}

const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'upstream_error',
  'upstream_rate_limited',
  'upstream_unreachable',
]);

/** The hints of any failed attempt. */
export function hintsOf(error: GatewayError): Hints {
  return error instanceof UpstreamFailure ? error.hints : { retry: RETRYABLE.has(error.code) };
}

/** Whether the upstream has answered that it does not have the model. */
export const saysUnknownModel = (error: unknown): boolean =>
  error instanceof UpstreamFailure && error.hints.elsewhere === true;

/**
 * Translates every failure of a call into the gateway's error table. The text of an exception is never used, because
 * exceptions name hosts and headers. Timeouts are not retried: the caller has already waited once, and another upstream
 * may stand in.
 */
export function failureOf(error: unknown, upstream: Upstream): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof AnswerRefused) return failureOfAnswer(error, upstream);
  const cause = { cause: error };
  if (!(error instanceof TransportError)) {
    const said = `Upstream '${upstream.name}' could not be asked.`;
    return new UpstreamFailure({ retry: false }, 'upstream_error', said, cause);
  }
  if (error.kind === 'timeout')
    return upstreamError(upstream.name, 'upstream_timeout', 'did not answer in time', cause);
  return upstreamError(upstream.name, 'upstream_unreachable', 'cannot be reached', cause);
}

/** A failure that the gateway detects itself: `what` completes the sentence "Upstream 'x' ...". */
export function upstreamError(name: string, code: ErrorCode, what: string, options: ErrorOptions = {}): GatewayError {
  return new GatewayError(code, `Upstream '${name}' ${what}.`, options);
}

/** A request for vectors at an upstream, or of a model, that has none. Another upstream may have them. */
export const hasNoVectors = (upstream: string): UpstreamFailure =>
  new UpstreamFailure(
    { retry: false, elsewhere: true },
    'invalid_request',
    `This model has no embeddings at upstream '${upstream}'. Ask for a model that is made for them.`,
    { param: 'model' },
  );

const NO_HEADERS = new Headers();

/**
 * The failure in an error that came as a part of a successful answer. A number in it is the status that the server
 * would have answered with.
 */
export function failureInStream(error: unknown, upstream: Upstream): UpstreamFailure {
  const words = wordsOf(error);
  const status = Number(words.code ?? Number.NaN);
  const isStatus = status >= 400 && status < 600;
  const code = codeOfWords(words) ?? (isStatus ? codeOfStatus(status) : 'upstream_error');
  return failure({ code, words, headers: NO_HEADERS, cause: error, retry: RETRYABLE.has(code) }, upstream);
}

function failureOfAnswer(cause: AnswerRefused, upstream: Upstream): UpstreamFailure {
  const { status, headers, body } = cause;
  const words = wordsOf(body);
  // The words only decide whether the conversation is too long. For everything else the status is more reliable.
  const isTooLong = status < 500 && codeOfWords(words) === 'context_length_exceeded';
  const code = isTooLong ? 'context_length_exceeded' : codeOfStatus(status);
  const isRetried = status >= 500 || status === 408 || status === 409 || status === 429;
  const retry = isRetried && !isTooLong && headers.get('x-should-retry') !== 'false';
  return failure({ code, words, headers, cause, retry, status }, upstream);
}

interface Facts {
  readonly code: ErrorCode;
  readonly words: Words;
  readonly headers: Headers;
  readonly cause: unknown;
  readonly retry: boolean;
  readonly status?: number;
}

function failure({ code, words, headers, cause, retry, status }: Facts, upstream: Upstream): UpstreamFailure {
  const waitMs = retryAfterMs(headers, words);
  const hints = {
    retry: retry && !isAboutQuota(words),
    ...(waitMs !== undefined && { waitMs }),
    // An answer with an error status says nothing about streams unless its words do.
    ...((status !== undefined || refusesStream(code, words)) && { refusesStream: refusesStream(code, words) }),
    ...(isUnknownModel(code, words, status) && { elsewhere: true }),
  };
  const isBusy = code === 'upstream_rate_limited' || code === 'upstream_error';
  return new UpstreamFailure(
    hints,
    code,
    sentence(upstream, { code, words, ...(status !== undefined && { status }) }),
    {
      cause,
      words,
      ...(isBusy && waitMs && { retryAfterSeconds: Math.ceil(waitMs / 1000) }),
    },
  );
}

/** Recognises the field by its name, or the words "streaming is not supported". */
function refusesStream(code: ErrorCode, { param, message = '' }: Words): boolean {
  if (code !== 'upstream_refused') return false;
  return param === 'stream' || /\bstream(ing)?\b[^.]{0,40}\b(not|un)\s?(supported|available|allowed)/i.test(message);
}

const SENTENCES: Partial<Record<ErrorCode, string>> = {
  context_length_exceeded: 'says that the conversation is longer than the model can read',
  upstream_rate_limited: 'has no room for more requests at the moment',
  upstream_auth_failed: "did not accept the gateway's credentials",
  upstream_timeout: 'did not answer in time',
  upstream_refused: 'refused the request',
  upstream_invalid: 'answered with something that is not an answer',
  upstream_error: 'failed',
};

const SENTENCES_OF_STATUS: Readonly<Record<number, string>> = {
  402: 'asks for a payment first',
  404: 'does not know the model or the address',
  410: 'does not have the model or the address any more',
  413: 'says that the request is too large',
};
const REDIRECT =
  'redirects to another address, which is not followed. Its base URL has moved, perhaps from http to https';

/** Statuses whose body is about the request, so its words help the client. */
const ABOUT_THE_REQUEST: ReadonlySet<number> = new Set([400, 422]);

/** The sentence for the caller. The upstream's own words are shown where they are about the request. */
function sentence(
  upstream: Upstream,
  { code, words, status }: { code: ErrorCode; words: Words; status?: number },
): string {
  const isRedirect = status !== undefined && status >= 300 && status < 400;
  const ofStatus = isRedirect ? REDIRECT : status === undefined ? undefined : SENTENCES_OF_STATUS[status];
  const ofCode = SENTENCES[code] ?? 'failed';
  const what = `Upstream '${upstream.name}' ${code === 'context_length_exceeded' ? ofCode : (ofStatus ?? ofCode)}`;
  const isShown = code === 'upstream_refused' && (status === undefined || ABOUT_THE_REQUEST.has(status));
  const shown = isShown && words.message ? redact(words.message, upstream.apiKey) : '';
  return shown === '' ? `${what}.` : `${what}: ${shown}`;
}
