import type { Words } from './error-words.js';
import { UPSTREAM_LIMITS } from './limits.js';

/**
 * Milliseconds that an answer asks to wait, at most toldWaitMaxMs. undefined when it does not say. Reads
 * `retry-after-ms` (OpenAI), Retry-After in both forms, seconds and date (RFC 9110, 10.2.3), and otherwise the words of
 * the error: Google's RetryInfo, or "try again in 1m2.5s".
 */
export function retryAfterMs(headers: Headers, words: Words = {}, now = Date.now()): number | undefined {
  const told = waitInHeaders(headers, now);
  const said = waitInWords(words);
  // The header is 0 both when no wait is needed and when only the words state the wait.
  return told === undefined || told === 0 ? (said ?? told) : told;
}

function waitInHeaders(headers: Headers, now: number): number | undefined {
  const exact = Number.parseFloat(headers.get('retry-after-ms') ?? '');
  if (exact >= 0) return bounded(exact);
  const text = headers.get('retry-after')?.trim() ?? '';
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : bounded(ms);
}

const UNIT_MS: readonly (readonly [RegExp, number])[] = [
  [/^(ms|milli)/, 1],
  [/^s/, 1_000],
  [/^m/, 60_000],
  [/^h/, 3_600_000],
  [/^d/, 86_400_000],
];
const AMOUNT = String.raw`\d{1,9}(?:\.\d{1,9})?\s?(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|h|days?|d)\b\s?`;
/** Up to three words may stand between: "try your request again after 20 seconds". */
const WAIT = new RegExp(
  String.raw`\b(?:retry|try|again|wait)(?:\s\w{1,20}){0,3}?\s(?:in|after|for)?\s?((?:${AMOUNT}|\d{1,6}m(?=\d)|\d{1,6}h(?=\d)){1,4})`,
  'i',
);
/** Part of an error's text that is examined: the first or second sentence names the wait. */
const TEXT_CHARS_MAX = 2_000;

/** @internal */
export function waitInWords({ message = '', waitSeconds }: Words): number | undefined {
  if (waitSeconds !== undefined) return bounded(waitSeconds * 1_000);
  const amounts = WAIT.exec(message.slice(0, TEXT_CHARS_MAX))?.[1];
  if (amounts === undefined) return undefined;
  let ms = 0;
  for (const [, number = '', unit = ''] of amounts.matchAll(/(\d+(?:\.\d+)?)\s?([a-z]+)/gi)) {
    ms += Number(number) * (UNIT_MS.find(([pattern]) => pattern.test(unit.toLowerCase()))?.[1] ?? 0);
  }
  return bounded(ms);
}

const bounded = (ms: number): number => Math.min(Math.max(ms, 0), UPSTREAM_LIMITS.toldWaitMaxMs);

/** The wait before retry number `retry` (0, 1, ...) when the answer names none: doubling, with a quarter of jitter. */
export function backoffMs(retry: number): number {
  const ms = Math.min(UPSTREAM_LIMITS.backoffFirstMs * 2 ** retry, UPSTREAM_LIMITS.backoffMaxMs);
  return ms * (1 - Math.random() / 4);
}
