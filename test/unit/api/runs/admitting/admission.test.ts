import { Admission } from '../../../../../apps/api/src/runs/admitting/admission.js';
import { canonicalJson, idempotencyClaim } from '../../../../../apps/api/src/runs/admitting/idempotency-key.js';

describe('Admission', () => {
  const limits = { inFlightMax: 9, inFlightPerKeyMax: 9, listenersMax: 9, listenersPerKeyMax: 9, ofKeys: new Map() };
  const refusal = (code: string) => expect.objectContaining({ code, retryAfterSeconds: expect.any(Number) as number });

  test('takes as many as it may, and gives places back once', () => {
    const admission = new Admission({ ...limits, inFlightMax: 2 });
    const leave = admission.enter('alice');
    admission.enter('alice');
    expect(() => admission.enter('bob')).toThrow(refusal('rate_limit_exceeded'));
    leave();
    leave();
    expect(admission.waiting).toBe(1);
    expect(() => admission.enter('bob')).not.toThrow();
    expect(() => admission.enter('bob')).toThrow();
  });

  test('listeners have places of their own, and take none of those of requests', () => {
    const admission = new Admission({ ...limits, inFlightPerKeyMax: 1, listenersMax: 3, listenersPerKeyMax: 2 });
    admission.enter('alice', 'listening');
    const leave = admission.enter('alice', 'listening');
    expect(() => admission.enter('alice', 'listening')).toThrow(expect.objectContaining({ reason: 'key_listeners' }));
    expect(() => admission.enter('alice')).not.toThrow();
    expect(admission.waiting).toBe(1);
    admission.enter('bob', 'listening');
    expect(() => admission.enter('bob', 'listening')).toThrow(expect.objectContaining({ reason: 'listeners' }));
    leave();
    expect(() => admission.enter('bob', 'listening')).not.toThrow();
  });

  test('one key cannot take the places of all, and a key may have a limit of its own', () => {
    const ofKeys = new Map([['small', { inFlightMax: 1 }]]);
    const admission = new Admission({ ...limits, inFlightPerKeyMax: 2, ofKeys });
    const leave = admission.enter('alice');
    admission.enter('alice');
    expect(() => admission.enter('alice')).toThrow(refusal('rate_limit_exceeded'));
    admission.enter('small');
    expect(() => admission.enter('small')).toThrow(refusal('rate_limit_exceeded'));
    leave();
    expect(() => admission.enter('alice')).not.toThrow();
  });
});

describe('idempotencyClaim', () => {
  const base = { owner: 'alice', route: '/v1/chat/completions', headers: { 'idempotency-key': 'k1' }, body: { a: 1 } };
  const claim = (change: Partial<typeof base> & { headers?: Record<string, string> }) =>
    idempotencyClaim({ ...base, ...change });

  test('there is none without a key', () => {
    expect(claim({ headers: {} as typeof base.headers })).toBeUndefined();
  });

  test.each(['', ' ', 'a b', 'é', 'tab\t', 'x'.repeat(256)])('refuses the key %p', (key) => {
    expect(() => claim({ headers: { 'idempotency-key': key } })).toThrow(
      expect.objectContaining({ code: 'invalid_idempotency_key', param: 'Idempotency-Key' }),
    );
  });

  test('takes 1 to 255 visible ASCII characters', () => {
    expect(claim({ headers: { 'idempotency-key': '!' } })).toBeDefined();
    expect(claim({ headers: { 'idempotency-key': '~'.repeat(255) } })).toBeDefined();
  });

  test('scope is owner, route and key, and no two of them run into each other', () => {
    const scopes = [
      base,
      { ...base, owner: 'bob' },
      { ...base, route: '/v1/responses' },
      { ...base, headers: { 'idempotency-key': 'k2' } },
      { ...base, owner: 'alice","/v1/chat' },
    ].map((request) => idempotencyClaim(request)?.scope);
    expect(new Set(scopes).size).toBe(scopes.length);
  });

  test('the fingerprint follows the content and the session, not the order of keys', () => {
    const print = (body: unknown, headers: Record<string, string> = {}): string | undefined =>
      idempotencyClaim({ ...base, headers: { ...base.headers, ...headers }, body })?.fingerprint;
    const same = print({ a: 1, b: { c: [1, { d: 2, e: 3 }] } });
    expect(print({ b: { c: [1, { e: 3, d: 2 }] }, a: 1 })).toBe(same);
    expect(same).toMatch(/^[0-9a-f]{64}$/);
    const others = [
      print({ a: 1, b: { c: [{ d: 2, e: 3 }, 1] } }),
      print({ a: '1', b: { c: [1, { d: 2, e: 3 }] } }),
      print({ a: 1, b: { c: [1, { d: 2, e: 3 }] } }, { 'x-session-id': 's' }),
      print({ a: 1, b: { c: [1, { d: 2, e: 3 }] } }, { 'x-hermes-session-id': 's' }),
    ];
    expect(new Set([same, ...others]).size).toBe(5);
  });
});

test('canonicalJson is JSON', () => {
  const value = { b: [null, true, 'ü"\n', -0.5], a: {} };
  expect(JSON.parse(canonicalJson(value))).toEqual(value);
  expect(canonicalJson(value)).toBe('{"a":{},"b":[null,true,"ü\\"\\n",-0.5]}');
});
