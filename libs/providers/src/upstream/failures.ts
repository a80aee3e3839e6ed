import { GatewayError, isJsonObject, type ErrorCode } from '#libs/contract';
import { AnswerRefused, TransportError } from './call-errors.js';
import { redact } from './redact.js';
import { retryAfterMs } from './retry-after.js';

/** Whom the errors name, and what they must not show. */
export interface Upstream {
  readonly name: string;
  readonly apiKey: string | undefined;
}

/** What a failed request says about asking again. */
export interface Hints {
  /** The same request may be answered if it is sent again. */
  readonly retry: boolean;
  /** How long the upstream asked to wait; as it said, however long. */
  readonly waitMs?: number;
  /** The upstream does not stream: it may answer the same request when asked for the whole answer. */
  readonly refusesStream?: boolean;
}

/** A failure whose answer says more about asking again than its code does. */
export class UpstreamFailure extends GatewayError {
  constructor(
    readonly hints: Hints,
    ...error: ConstructorParameters<typeof GatewayError>
  ) {
    super(...error);
  }
}

/** What any error of an attempt says about asking again. */
export function hintsOf(error: GatewayError): Hints {
  return error instanceof UpstreamFailure ? error.hints : { retry: RETRYABLE.has(error.code) };
}

/**
 * Everything that can go wrong with a call, in the words of the error table. Never the text of an exception: exceptions
 * name hosts and headers. Timeouts are not tried again: the caller has waited once, and another upstream may stand in.
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

/**
 * The failure that an `error` object says in the middle of a stream. Its words are shown when it is about the request.
 */
export function failureInStream(error: unknown, upstream: Upstream): GatewayError {
  const { code, type, message } = wordsOf(error);
  const status = Number(code);
  const kind = codeOfWords(code, type) ?? (status >= 400 && status < 600 ? codeOfStatus(status) : 'upstream_error');
  return new GatewayError(kind, sentence(upstream, kind, message), { cause: error });
}

/** A failure that the gateway sees itself: `what` completes "Upstream 'x' ...". */
export function upstreamError(name: string, code: ErrorCode, what: string, options: ErrorOptions = {}): GatewayError {
  return new GatewayError(code, `Upstream '${name}' ${what}.`, options);
}

const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'upstream_error',
  'upstream_rate_limited',
  'upstream_unreachable',
]);

/** Codes and types by which OpenAI, Anthropic and llama.cpp name their errors. */
const BY_WORD: Readonly<Record<string, ErrorCode>> = {
  context_length_exceeded: 'context_length_exceeded',
  exceed_context_size_error: 'context_length_exceeded',
  rate_limit_exceeded: 'upstream_rate_limited',
  rate_limit_error: 'upstream_rate_limited',
  insufficient_quota: 'upstream_rate_limited',
  invalid_api_key: 'upstream_auth_failed',
  authentication_error: 'upstream_auth_failed',
  permission_error: 'upstream_auth_failed',
  billing_error: 'upstream_auth_failed',
  timeout_error: 'upstream_timeout',
  invalid_request_error: 'upstream_refused',
  not_found_error: 'upstream_refused',
  overloaded_error: 'upstream_error',
  server_error: 'upstream_error',
  api_error: 'upstream_error',
};

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
  413: 'says that the request is too large',
};

/** Statuses whose body is about the request, so that its words help whoever sent it. */
const ABOUT_THE_REQUEST: ReadonlySet<number> = new Set([400, 422]);

function failureOfAnswer(cause: AnswerRefused, upstream: Upstream): UpstreamFailure {
  const { status, headers, error } = cause;
  const words = wordsOf(error);
  // Only an over-long conversation is told from the words; for the rest the status is the surer sign.
  const isTooLong = codeOfWords(words.code, words.type) === 'context_length_exceeded';
  const kind = isTooLong ? 'context_length_exceeded' : codeOfStatus(status);
  const waitMs = retryAfterMs(headers);
  const said = isTooLong ? undefined : SENTENCES_OF_STATUS[status];
  const shown = ABOUT_THE_REQUEST.has(status) ? words.message : undefined;
  const text = said === undefined ? sentence(upstream, kind, shown) : `Upstream '${upstream.name}' ${said}.`;
  const hints = {
    retry: isRetried(status) && !isTooLong && words.code !== 'insufficient_quota' && !forbidsRetry(headers),
    ...(waitMs !== undefined && { waitMs }),
    refusesStream: refusesStream(status, words),
  };
  return new UpstreamFailure(hints, kind, text, {
    cause,
    ...(kind === 'upstream_rate_limited' && waitMs && { retryAfterSeconds: Math.ceil(waitMs / 1000) }),
  });
}

function isRetried(status: number): boolean {
  return status >= 500 || status === 408 || status === 409 || status === 429;
}

function forbidsRetry(headers: Headers): boolean {
  return headers.get('x-should-retry') === 'false';
}

function refusesStream(status: number, { param }: Words): boolean {
  return status >= 400 && status < 500 && (param === 'stream' || param === 'stream_options');
}

function codeOfStatus(status: number): ErrorCode {
  if (status >= 500 || status === 409) return 'upstream_error';
  if (status < 400) return 'upstream_invalid';
  if (status === 429) return 'upstream_rate_limited';
  if (status === 408) return 'upstream_timeout';
  return status === 401 || status === 402 || status === 403 ? 'upstream_auth_failed' : 'upstream_refused';
}

function codeOfWords(code: string | undefined, type: string | undefined): ErrorCode | undefined {
  for (const word of [code, type]) {
    if (word !== undefined && Object.hasOwn(BY_WORD, word)) return BY_WORD[word];
  }
  return undefined;
}

function sentence(upstream: Upstream, kind: ErrorCode, words: string | undefined): string {
  const what = `Upstream '${upstream.name}' ${SENTENCES[kind] ?? 'failed'}`;
  const shown = kind === 'upstream_refused' && words ? redact(words, upstream.apiKey) : '';
  return shown === '' ? `${what}.` : `${what}: ${shown}`;
}

interface Words {
  readonly code?: string;
  readonly type?: string;
  readonly param?: string;
  readonly message?: string;
}

function wordsOf(error: unknown): Words {
  if (typeof error === 'string') return { message: error };
  if (!isJsonObject(error)) return {};
  const words = ['code', 'type', 'param', 'message'].map((key) => [key, error[key]] as const);
  return Object.fromEntries(
    words.flatMap(([key, value]) =>
      typeof value === 'string' ? [[key, value]] : typeof value === 'number' ? [[key, String(value)]] : [],
    ),
  );
}
