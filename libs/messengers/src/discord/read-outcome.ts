import { DiscordAPIError, HTTPError, RateLimitError } from '@discordjs/rest';
import { RESTJSONErrorCodes } from 'discord-api-types/v10';
import { codeOf, neverReached } from '../never-reached.js';
import type { Outcome } from '../port.js';

/** The message is not there, or is somebody else's. */
const GONE: ReadonlySet<number | string> = new Set([
  RESTJSONErrorCodes.UnknownMessage,
  RESTJSONErrorCodes.CannotEditMessageAuthoredByAnotherUser,
]);

/** What a failed call came to; errors of Discord have a number ("JSON Error Codes"). */
export function readOutcome(cause: unknown): Outcome {
  // Our client knows the buckets from the headers of answers, and makes no call that would be refused.
  if (cause instanceof RateLimitError) {
    const ms = Math.max(cause.retryAfter, cause.timeToReset, 0);
    return { kind: 'wait', ms, ...(cause.global && { isWide: true as const }) };
  }
  if (cause instanceof HTTPError) return { kind: 'unknown', why: `Discord: HTTP ${cause.status}` };
  if (cause instanceof DiscordAPIError) {
    const why = `Discord: ${cause.status} ${wordsOf(cause)}`;
    if (GONE.has(cause.code)) return { kind: 'gone' };
    return cause.status === 401 ? { kind: 'unsent', why, token: true } : { kind: 'refused', why };
  }
  const why = codeOf(cause) ?? 'no answer';
  return { kind: neverReached(cause) === undefined ? 'unknown' : 'unsent', why };
}

const WORDS_CHARS_MAX = 100;

/** The number of an error, and what Discord says of it, if that is one line: what follows quotes the request. */
function wordsOf({ code, rawError }: DiscordAPIError): string {
  const said = 'message' in rawError ? String(rawError.message).split('\n')[0] : '';
  return `${code} ${said}`.trim().slice(0, WORDS_CHARS_MAX);
}
