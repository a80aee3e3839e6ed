// Small pure parts that no answer of a server can drive to all their edges.
import { redact } from '../../../libs/providers/src/upstream/redact.js';
import { backoffMs, retryAfterMs } from '../../../libs/providers/src/upstream/retry-after.js';

describe('redact', () => {
  test.each([
    ['key my-plain-secret rejected', 'key [redacted] rejected'],
    ['sent Bearer abc.def-ghi', 'sent Bearer [redacted]'],
    ['no such key (sk-proj-abcdef123456).', 'no such key ([redacted]).'],
    ['sk-ab***********xyz is wrong', '[redacted] is wrong'],
    ['via https://me:pw@proxy.local/path', 'via https://[redacted]@proxy.local/path'],
    ['redis://:hunter2@db:6379', 'redis://[redacted]@db:6379'],
    ['token eyJhbGciOiJI.eyJzdWIiOiIx.c2ln', 'token [redacted]'],
    ['?api_key=abc123&x=1', '?api_key=[redacted]&x=1'],
    ['{"password": "hunter2"}', '{"password": "[redacted]"}'],
    ['Basic dXNlcjpwdw== failed', 'Basic [redacted] failed'],
    ['Basic validation failed', 'Basic validation failed'],
    ['AKIAIOSFODNN7EXAMPLE', '[redacted]'],
    ['line\none\ttwo\u0000', 'line one two'],
    ['the skeleton takes max_tokens: 5 at most', 'the skeleton takes max_tokens: 5 at most'],
  ])('%j', (text, expected) => {
    expect(redact(text, 'my-plain-secret')).toBe(expected);
  });

  test('is short, and no secret is cut in two', () => {
    const text = redact(`${'a '.repeat(140)}my-plain-secret`, 'my-plain-secret');
    expect(text).toHaveLength(290);
    expect(text).not.toContain('my-');
    expect(redact('b'.repeat(100_000), undefined)).toHaveLength(300);
  });
});

describe('retryAfterMs', () => {
  const at = Date.parse('2026-01-01T00:00:00Z');
  test.each<[Record<string, string>, number | undefined]>([
    [{}, undefined],
    [{ 'retry-after': '2' }, 2_000],
    [{ 'retry-after': '1.5' }, 1_500],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': '7200' }, 7_200_000],
    [{ 'retry-after': '9'.repeat(400) }, 2_592_000_000],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:05 GMT' }, 5_000],
    [{ 'retry-after': 'Thu, 01 Jan 2026 05:00:00 GMT' }, 18_000_000],
    [{ 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-3x' }, undefined],
    [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
    [{ 'retry-after-ms': 'x', 'retry-after': '9' }, 9_000],
  ])('%j', (headers, expected) => {
    expect(retryAfterMs(new Headers(headers), {}, at)).toBe(expected);
  });
});

test('the backoff doubles, with jitter, up to a bound', () => {
  for (const [retry, most] of [500, 1_000, 2_000, 4_000, 8_000, 8_000].entries()) {
    const ms = backoffMs(retry);
    expect(ms).toBeLessThanOrEqual(most);
    expect(ms).toBeGreaterThanOrEqual(most * 0.75);
  }
});
