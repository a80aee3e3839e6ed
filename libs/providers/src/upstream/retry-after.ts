import { UPSTREAM_LIMITS } from './limits.js';

/**
 * Milliseconds that an answer asks to wait, at most toldWaitMaxMs; undefined when it does not say. Reads
 * `retry-after-ms` (OpenAI) and Retry-After in both forms, seconds and date (RFC 9110, 10.2.3).
 */
export function retryAfterMs(headers: Headers, now = Date.now()): number | undefined {
  const exact = Number.parseFloat(headers.get('retry-after-ms') ?? '');
  if (exact >= 0) return bounded(exact);
  const text = headers.get('retry-after')?.trim() ?? '';
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : bounded(ms);
}

const bounded = (ms: number): number => Math.min(Math.max(ms, 0), UPSTREAM_LIMITS.toldWaitMaxMs);

/**
 * What to wait before retry number `retry` (0, 1, ...) when the answer does not say: doubling, with a quarter of
 * jitter.
 */
export function backoffMs(retry: number): number {
  const ms = Math.min(UPSTREAM_LIMITS.backoffFirstMs * 2 ** retry, UPSTREAM_LIMITS.backoffMaxMs);
  return ms * (1 - Math.random() / 4);
}
