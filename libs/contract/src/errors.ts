/**
 * The closed table of all errors that a client may get. `code` is the key; `type` is the word by which the OpenAI SDKs
 * group errors. `retry: false` makes the API send `x-should-retry: false`, because those SDKs retry 408, 409, 429 and
 * 5xx unless told otherwise.
 */
export const ERRORS = {
  invalid_request: { status: 400, type: 'invalid_request_error' },
  invalid_json: { status: 400, type: 'invalid_request_error' },
  missing_required_parameter: { status: 400, type: 'invalid_request_error' },
  unsupported_parameter: { status: 400, type: 'invalid_request_error' },
  unsupported_content_type: { status: 400, type: 'invalid_request_error' },
  invalid_image_url: { status: 400, type: 'invalid_request_error' },
  invalid_content_part: { status: 400, type: 'invalid_request_error' },
  string_above_max_length: { status: 400, type: 'invalid_request_error' },
  array_above_max_length: { status: 400, type: 'invalid_request_error' },
  invalid_idempotency_key: { status: 400, type: 'invalid_request_error' },
  invalid_session_id: { status: 400, type: 'invalid_request_error' },
  invalid_title: { status: 400, type: 'invalid_request_error' },
  invalid_cursor: { status: 400, type: 'invalid_request_error' },
  invalid_approval_choice: { status: 400, type: 'invalid_request_error' },
  invalid_steer_input: { status: 400, type: 'invalid_request_error' },
  invalid_schedule: { status: 400, type: 'invalid_request_error' },
  invalid_timezone: { status: 400, type: 'invalid_request_error' },
  invalid_api_key: { status: 401, type: 'authentication_error' },
  origin_not_allowed: { status: 403, type: 'permission_error' },
  host_not_allowed: { status: 403, type: 'permission_error' },
  forbidden: { status: 403, type: 'permission_error' },
  not_found: { status: 404, type: 'invalid_request_error' },
  model_not_found: { status: 404, type: 'invalid_request_error' },
  job_not_found: { status: 404, type: 'invalid_request_error' },
  previous_response_not_found: { status: 404, type: 'invalid_request_error' },
  run_not_found: { status: 404, type: 'invalid_request_error' },
  session_not_found: { status: 404, type: 'invalid_request_error' },
  /** The two refusals of `thread` in Messages; Anthropic's SDKs know these names. */
  thread_unsupported_request: { status: 400, type: 'invalid_request_error' },
  thread_not_found: { status: 404, type: 'invalid_request_error' },
  websocket_connection_limit_reached: { status: 400, type: 'invalid_request_error' },
  response_not_found: { status: 404, type: 'invalid_request_error' },
  conversation_not_found: { status: 404, type: 'invalid_request_error' },
  item_not_found: { status: 404, type: 'invalid_request_error' },
  method_not_allowed: { status: 405, type: 'invalid_request_error' },
  /** Another response of the conversation is under way. The client should retry, as the SDKs do. */
  conversation_locked: { status: 409, type: 'invalid_request_error' },
  idempotency_key_conflict: { status: 409, type: 'invalid_request_error', retry: false },
  session_busy: { status: 409, type: 'invalid_request_error', retry: false },
  session_exists: { status: 409, type: 'invalid_request_error', retry: false },
  job_conflict: { status: 409, type: 'invalid_request_error' },
  job_over: { status: 409, type: 'invalid_request_error', retry: false },
  job_limit_reached: { status: 409, type: 'invalid_request_error', retry: false },
  webhook_limit_reached: { status: 409, type: 'invalid_request_error', retry: false },
  approval_not_pending: { status: 409, type: 'invalid_request_error', retry: false },
  run_not_accepting_steer: { status: 409, type: 'invalid_request_error', retry: false },
  run_cancelled: { status: 409, type: 'cancelled_error', retry: false },
  run_expired: { status: 410, type: 'invalid_request_error' },
  body_too_large: { status: 413, type: 'invalid_request_error' },
  unsupported_media_type: { status: 415, type: 'invalid_request_error' },
  rate_limit_exceeded: { status: 429, type: 'rate_limit_error' },
  queue_full: { status: 429, type: 'rate_limit_error' },
  session_queue_full: { status: 429, type: 'rate_limit_error' },
  internal_error: { status: 500, type: 'server_error', retry: false },
  /** Several workers have tried the run; repeating the request could kill as many more. */
  worker_lost: { status: 500, type: 'server_error', retry: false },
  run_log_full: { status: 500, type: 'server_error', retry: false },
  run_log_lost: { status: 500, type: 'server_error' },
  upstream_error: { status: 502, type: 'upstream_error' },
  upstream_cut: { status: 502, type: 'upstream_error' },
  upstream_invalid: { status: 502, type: 'upstream_error' },
  answer_incomplete: { status: 502, type: 'upstream_error', retry: false },
  upstream_refused: { status: 502, type: 'upstream_error', retry: false },
  upstream_auth_failed: { status: 502, type: 'upstream_error', retry: false },
  upstream_rate_limited: { status: 429, type: 'rate_limit_error' },
  upstream_unreachable: { status: 502, type: 'upstream_error' },
  context_length_exceeded: { status: 400, type: 'invalid_request_error' },
  unavailable: { status: 503, type: 'server_error' },
  queue_unavailable: { status: 503, type: 'server_error' },
  draining: { status: 503, type: 'server_error' },
  /** The caller has already waited once, and no other upstream stood in. */
  upstream_timeout: { status: 504, type: 'upstream_error', retry: false },
  run_timeout: { status: 504, type: 'server_error', retry: false },
} as const satisfies Record<string, { status: number; type: string; retry?: boolean }>;

export type ErrorCode = keyof typeof ERRORS;

/** The plain form of a failure: what travels in events and rows. */
export interface RunError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly param?: string;
  readonly retryAfterSeconds?: number;
}

/** Why a request was refused for now, where the code alone does not say it. For operators; clients are not told. */
export const REFUSAL_REASONS = [
  'listeners',
  'key_listeners',
  'redis_memory',
  'in_flight',
  'key_in_flight',
  'queue_full',
  'key_queue_full',
  'key_order_bytes',
  'wrong_keys',
  'receiving',
  'key_receiving',
  'counting',
  'key_counting',
  'reading_files',
  'key_reading_files',
] as const;

export type RefusalReason = (typeof REFUSAL_REASONS)[number];

interface GatewayErrorOptions extends ErrorOptions {
  /** Path of the request field that caused the error: `messages[2].content`. */
  param?: string;
  /** Integer seconds, at least 1; becomes the Retry-After header. */
  retryAfterSeconds?: number;
  reason?: RefusalReason;
}

/**
 * A failure that a client may see. The message is shown unchanged, so it holds no secret, no stack and no internal
 * host.
 */
export class GatewayError extends Error {
  readonly param?: string;
  readonly retryAfterSeconds?: number;
  readonly reason?: RefusalReason;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: GatewayErrorOptions = {},
  ) {
    super(message, options);
    this.name = 'GatewayError';
    if (options.param !== undefined) this.param = options.param;
    if (options.retryAfterSeconds !== undefined) this.retryAfterSeconds = options.retryAfterSeconds;
    if (options.reason !== undefined) this.reason = options.reason;
  }
}

/** Turns any thrown value into an error that a client may see. Unknown causes lose their message on purpose. */
export function toRunError(cause: unknown): RunError {
  if (!(cause instanceof GatewayError)) return { code: 'internal_error', message: 'Internal error.' };
  return {
    code: cause.code,
    message: cause.message,
    ...(cause.param !== undefined && { param: cause.param }),
    ...(cause.retryAfterSeconds !== undefined && { retryAfterSeconds: cause.retryAfterSeconds }),
  };
}

/** The inverse of `toRunError`, for a failure that was read from a log. */
export function fromRunError(error: RunError): GatewayError {
  return new GatewayError(error.code, error.message, error);
}
