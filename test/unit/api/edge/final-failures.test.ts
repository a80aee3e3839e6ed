import { ERRORS, type ErrorCode } from '#libs/contract';
import { headersOf } from '../../../../apps/api/src/edge/error-reply.js';

const said = (code: ErrorCode, retryAfterSeconds?: number) =>
  headersOf({ code, message: 'm', ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) });

test.each<ErrorCode>(['worker_lost', 'upstream_timeout', 'run_timeout', 'upstream_refused', 'upstream_auth_failed'])(
  '%s is final: SDKs are told not to ask again',
  (code) => expect(said(code)['x-should-retry']).toBe('false'),
);

test('a short wait is waited for by SDKs, a long one is told and not waited for', () => {
  expect(said('upstream_rate_limited', 20)).toEqual({ 'retry-after': '20' });
  expect(said('upstream_rate_limited', 3_600)).toEqual({ 'retry-after': '3600', 'x-should-retry': 'false' });
});

test('every 429 and 503 has a wait, as whole seconds', () => {
  const busy = Object.entries(ERRORS).filter(([, { status }]) => status === 429 || status === 503);
  for (const [code] of busy) expect(said(code as ErrorCode)['retry-after']).toMatch(/^[1-9]\d*$/);
  expect(busy.length).toBeGreaterThan(3);
});
