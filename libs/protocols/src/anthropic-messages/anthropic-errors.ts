import { ERRORS, type JsonObject, type RunError } from '#libs/contract';
import type { RequestIds } from '../protocol/request-context.js';

/** The types of Anthropic's errors by HTTP status (Anthropic API reference, Errors). */
const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  502: 'api_error',
  503: 'overloaded_error',
  504: 'timeout_error',
};

/**
 * An error in Anthropic's shape: `{type, error: {type, message, details}, request_id}`. `details.error_code` is the
 * code of this gateway, and `details.param` the field at fault.
 */
export function anthropicError(error: RunError, request?: RequestIds): JsonObject {
  const { code, param } = error;
  const { status } = ERRORS[code];
  return {
    type: 'error',
    error: {
      type: TYPES[status] ?? 'invalid_request_error',
      message: messageOf(error),
      details: { error_code: code, ...(param !== undefined && { param }) },
    },
    ...(request && { request_id: request.requestId }),
  };
}

/** Claude Code shortens a conversation when it reads this exact text, and gives up at any other. */
function messageOf({ code, message }: RunError): string {
  return code === 'context_length_exceeded' ? `prompt is too long: ${message}` : message;
}
