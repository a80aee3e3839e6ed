import { GrammyError, HttpError } from 'grammy';
import { codeOf, neverReached } from '../never-reached.js';
import type { Outcome } from '../port.js';

/** When Telegram says "too often" without saying for how long. */
const RETRY_SECONDS_DEFAULT = 5;

/**
 * What a failed call came to. Answers of the Bot API have `error_code`, `description` and `parameters.retry_after`
 * (core.telegram.org/bots/api, "Making requests"); its descriptions are no interface, but nothing else tells a message
 * that is gone from one that reads so already.
 */
export function readOutcome(cause: unknown): Outcome {
  if (cause instanceof GrammyError) return ofAnswer(cause);
  const error = cause instanceof HttpError ? cause.error : undefined;
  // The error itself is not told: the address in it has the bot's token.
  const why = codeOf(error) ?? 'no answer';
  return { kind: neverReached(error) === undefined ? 'unknown' : 'unsent', why };
}

function ofAnswer({ error_code: code, description, parameters }: GrammyError): Outcome {
  const why = `Telegram: ${description.slice(0, WHY_CHARS_MAX)}`;
  if (code === 429) return { kind: 'wait', ms: (parameters.retry_after ?? RETRY_SECONDS_DEFAULT) * 1_000 };
  // A server that failed may have done what it was asked for.
  if (code >= 500) return { kind: 'unknown', why };
  // The token is wrong, or another process asks for updates: nothing about this call.
  if (code === 401 || code === 404) return { kind: 'unsent', why, token: true };
  if (code === 409) return { kind: 'unsent', why };
  if (/message is not modified/i.test(description)) return { kind: 'unchanged' };
  if (/message (to (edit|delete) not found|can't be (edited|deleted)|identifier)|message_id_invalid/i.test(description))
    return { kind: 'gone' };
  if (/entit|can't parse/i.test(description)) return { kind: 'refused', why, markup: true };
  return { kind: 'refused', why };
}

const WHY_CHARS_MAX = 200;
