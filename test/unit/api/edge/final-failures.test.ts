import { ERRORS, type ErrorCode } from '#libs/contract';
import { headersOf } from '../../../../apps/api/src/edge/error-reply.js';
import { affinityIn } from '../../../../apps/api/src/runs/placing/session-headers.js';

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

test('agents name their conversations in headers of their own', () => {
  expect(affinityIn({ 'session-id': 's1', 'thread-id': 't1' })).toBe('s1');
  expect(affinityIn({ 'thread-id': 't1' })).toBe('t1');
  expect(affinityIn({ 'x-claude-code-session-id': 'c1' })).toBe('c1');
  expect(affinityIn({ 'session-id': 'a\u0000b' })).toBeUndefined();
  expect(affinityIn({})).toBeUndefined();
});
