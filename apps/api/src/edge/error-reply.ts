import { ERRORS, GatewayError, toRunError, type ErrorCode, type RefusalReason, type RunError } from '#libs/contract';
import type { Logger } from '#libs/platform';
import { errorBody, protocolAt, type Protocol, type RequestHeaders } from '#libs/protocols';
import { HttpException } from '@nestjs/common';
import { API_LIMITS } from '../words/api-limits.js';
import { ADMIN_CHALLENGE } from './auth/operators.js';

/** An error as an HTTP answer. */
export interface ErrorReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** The request that failed. */
export interface FailedRequest {
  /** Path without query. */
  readonly path: string;
  /** Names the request in log lines. */
  readonly id: string;
  readonly headers?: RequestHeaders;
  /** The request was for an admin route. */
  readonly isAdmin?: boolean;
}

/**
 * Turns any thrown value into an answer: in the protocol's own shape on a protocol's route, else in the OpenAI
 * envelope. Causes that must not be shown become `internal_error`. `onError` is called for every answer.
 */
export class ErrorReplies {
  private readonly protocolAt: ReturnType<typeof protocolAt>;

  constructor(
    protocols: readonly Protocol[],
    private readonly logger: Logger,
    private readonly onError: (code: ErrorCode, status: number, reason?: RefusalReason) => void = () => undefined,
  ) {
    this.protocolAt = protocolAt(protocols);
  }

  replyTo(cause: unknown, request: FailedRequest): ErrorReply {
    const health = healthReport(cause);
    if (health) return health;
    const error = toRunError(translate(cause));
    const protocol = this.protocolAt(request.path, request.headers ?? {});
    const status = protocol?.errorStatus?.(error) ?? ERRORS[error.code].status;
    this.onError(error.code, status, cause instanceof GatewayError ? cause.reason : undefined);
    if (status >= 500) this.log(cause, error, request);
    const body = protocol?.error(error, { requestId: request.id }) ?? errorBody(error);
    const headers = headersOf(error);
    if (status === 401 && request.isAdmin === true) headers['www-authenticate'] = ADMIN_CHALLENGE;
    return { status, headers, body };
  }

  /**
   * An error of our own state (503: Redis away, draining) is logged as one line, an unexpected error with its stack.
   */
  private log(cause: unknown, error: RunError, { id }: { id: string }): void {
    const fields = { requestId: id, code: error.code };
    if (error.code === 'internal_error') this.logger.error({ ...fields, err: cause }, 'a request failed');
    else this.logger.warn(fields, 'a request was answered with a server error');
  }
}

/** The headers of an error, whatever its shape. */
export function headersOf({ code, retryAfterSeconds }: RunError): Record<string, string> {
  const { status } = ERRORS[code];
  const isRetryable = status === 429 || status === 503;
  const seconds = retryAfterSeconds ?? (isRetryable ? API_LIMITS.retryAfterSecondsDefault : undefined);
  return {
    ...(seconds !== undefined && { 'retry-after': String(Math.max(1, Math.ceil(seconds))) }),
    // SDKs ignore a longer wait and ask again at once.
    ...(('retry' in ERRORS[code] || (seconds ?? 0) > API_LIMITS.sdkWaitSecondsMax) && { 'x-should-retry': 'false' }),
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
  };
}

const CODE_OF_STATUS: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  400: ['invalid_request', 'The request is malformed.'],
  404: ['not_found', 'There is nothing at this path.'],
  405: ['method_not_allowed', 'This path does not know that method.'],
  408: ['invalid_request', 'The request took too long to arrive.'],
  413: ['body_too_large', 'The body is larger than MAX_BODY_BYTES allows.'],
  414: ['invalid_request', 'The path is too long.'],
  415: ['unsupported_media_type', 'The body must be application/json in UTF-8.'],
  431: ['invalid_request', 'The request headers are too large.'],
  503: ['unavailable', 'The service is not available. Try again shortly.'],
};

/** Translates errors of Fastify and Nest by their status alone, because their texts name internals. */
function translate(cause: unknown): unknown {
  if (cause instanceof GatewayError) return cause;
  const known = CODE_OF_STATUS[statusOf(cause)];
  return known ? new GatewayError(known[0], known[1], { cause }) : cause;
}

function statusOf(cause: unknown): number {
  if (cause instanceof HttpException) return cause.getStatus();
  if (!(cause instanceof Error) || !('statusCode' in cause)) return 0;
  return typeof cause.statusCode === 'number' ? cause.statusCode : 0;
}

/** Terminus throws its report. That report is the answer, not an error of the request. */
function healthReport(cause: unknown): ErrorReply | undefined {
  if (!(cause instanceof HttpException)) return undefined;
  const body = cause.getResponse();
  if (typeof body !== 'object' || !('details' in body) || !('status' in body)) return undefined;
  const headers = { 'retry-after': String(API_LIMITS.retryAfterSecondsDefault) };
  return { status: cause.getStatus(), headers, body };
}
