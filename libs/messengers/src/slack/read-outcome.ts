import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } from '@slack/web-api';
import { neverReached } from '../never-reached.js';
import type { Outcome } from '../port.js';

/** When Slack says "too often" without saying for how long. */
const RETRY_SECONDS_DEFAULT = 5;

/** The message is not there, not ours, or not growing. */
const GONE: ReadonlySet<string> = new Set([
  'message_not_found',
  'cant_update_message',
  'cant_delete_message',
  'edit_window_closed',
  'message_not_in_streaming_state',
  'stopped_by_user',
]);
/** Slack failed, and may have done what it was asked for. */
const UNKNOWN: ReadonlySet<string> = new Set([
  'internal_error',
  'fatal_error',
  'request_timeout',
  'service_unavailable',
]);
/** It is not about this call: an operator can mend it. */
const UNSENT: ReadonlySet<string> = new Set([
  'invalid_auth',
  'not_authed',
  'token_revoked',
  'token_expired',
  'account_inactive',
]);
const MARKUP: ReadonlySet<string> = new Set(['invalid_blocks', 'invalid_blocks_format', 'msg_blocks_too_long']);

/** What a failed call came to: errors of the Web API have a word in `error` (docs.slack.dev, "Using the Web API"). */
export function readOutcome(cause: unknown): Outcome {
  if (cause instanceof WebAPIRateLimitedError) return { kind: 'wait', ms: cause.retryAfter * 1_000, isWide: true };
  if (cause instanceof WebAPIPlatformError) return ofWord(errorOf(cause));
  if (cause instanceof WebAPIHTTPError) {
    const why = `Slack: HTTP ${cause.statusCode}`;
    return cause.statusCode >= 500 ? { kind: 'unknown', why } : { kind: 'unsent', why };
  }
  if (cause instanceof WebAPIRequestError) {
    const why = neverReached(cause.original);
    return why === undefined ? { kind: 'unknown', why: 'no answer' } : { kind: 'unsent', why };
  }
  // A 429 without Retry-After is an error of no class.
  const isTooOften = cause instanceof Error && /retry header/i.test(cause.message);
  if (isTooOften) return { kind: 'wait', ms: RETRY_SECONDS_DEFAULT * 1_000, isWide: true };
  return { kind: 'unknown', why: 'no answer' };
}

/** The word of Slack's answer. */
export const errorOf = ({ data }: WebAPIPlatformError): string => String(data.error ?? 'unknown_error');

function ofWord(word: string): Outcome {
  const why = `Slack: ${word.slice(0, 100)}`;
  if (/^rate_?limited$/.test(word)) return { kind: 'wait', ms: RETRY_SECONDS_DEFAULT * 1_000, isWide: true };
  if (GONE.has(word)) return { kind: 'gone' };
  if (UNKNOWN.has(word)) return { kind: 'unknown', why };
  if (UNSENT.has(word)) return { kind: 'unsent', why, token: true };
  return { kind: 'refused', why, ...(MARKUP.has(word) && { markup: true as const }) };
}
