import { GrammyError, HttpError } from 'grammy';
import type { Outcome } from '../port.js';

/** When Telegram says "too often" without saying for how long. */
const RETRY_SECONDS_DEFAULT = 5;

/** No connection was made, so nothing can have taken effect. */
const NEVER_REACHED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT_CONNECT',
]);

/**
 * What a failed call came to. Answers of the Bot API have `error_code`, `description` and `parameters.retry_after`
 * (core.telegram.org/bots/api, "Making requests"); its descriptions are no interface, but nothing else tells a message
 * that is gone from one that reads so already.
 */
export function readOutcome(cause: unknown): Outcome {
  if (cause instanceof GrammyError) return ofAnswer(cause);
  const code = cause instanceof HttpError ? codeOf(cause.error) : undefined;
  // The error itself is not told: the address in it has the bot's token.
  const why = code ?? 'no answer';
  return code !== undefined && NEVER_REACHED.has(code) ? { kind: 'unsent', why } : { kind: 'unknown', why };
}

function ofAnswer({ error_code: code, description, parameters }: GrammyError): Outcome {
  const why = `Telegram: ${description.slice(0, WHY_CHARS_MAX)}`;
  if (code === 429) return { kind: 'wait', ms: (parameters.retry_after ?? RETRY_SECONDS_DEFAULT) * 1_000 };
  // A server that failed may have done what it was asked for.
  if (code >= 500) return { kind: 'unknown', why };
  // The token is wrong, or another process asks for updates: nothing about this call.
  if (code === 401 || code === 404 || code === 409) return { kind: 'unsent', why };
  if (/message is not modified/i.test(description)) return { kind: 'unchanged' };
  if (/message (to (edit|delete) not found|can't be (edited|deleted)|identifier)|message_id_invalid/i.test(description))
    return { kind: 'gone' };
  if (/entit|can't parse/i.test(description)) return { kind: 'refused', why, markup: true };
  return { kind: 'refused', why };
}

const WHY_CHARS_MAX = 200;

function codeOf(error: unknown): string | undefined {
  const { code, cause } = (error ?? {}) as { readonly code?: unknown; readonly cause?: unknown };
  if (typeof code === 'string') return code;
  return cause === undefined ? undefined : codeOf(cause);
}
