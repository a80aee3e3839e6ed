import type { IncomingMessage, ServerResponse } from 'node:http';
import { Cors } from '../../../../apps/api/src/edge/cors.js';
import { parseJson } from '../../../../apps/api/src/edge/parse-json.js';
import { requestIdOf } from '../../../../apps/api/src/words/request-id.js';
import { LIMITS } from '#libs/contract';

const check = (origins: string[], headers: Record<string, string>, method = 'POST') => {
  const set: Record<string, string> = {};
  const response = { setHeader: (name: string, value: string) => (set[name] = value) } as unknown as ServerResponse;
  const request = { method, headers: { host: 'gw.example:8642', ...headers } } as unknown as IncomingMessage;
  return { outcome: new Cors(origins).check(request, response), set };
};

/** What https://app.example, the only origin that is allowed, or another one is told before it sends these headers. */
const preflight = (origin: string, names: string) =>
  check(
    ['https://app.example'],
    { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': names },
    'OPTIONS',
  );

describe('Cors', () => {
  test('echoes an origin that stands in the list, without credentials', () => {
    const { outcome, set } = check(['https://app.example'], { origin: 'https://app.example' });
    expect(outcome).toBe('proceed');
    expect(set).toMatchObject({ 'access-control-allow-origin': 'https://app.example', vary: 'Origin' });
    expect(set).not.toHaveProperty('access-control-allow-credentials');
  });

  test.each([
    'https://app.example:444',
    'http://app.example',
    'https://evil-app.example',
    'https://app.example.evil.com',
    'https://app.example.',
    'https://APP.example',
    'null',
  ])('refuses %s', (origin) => {
    expect(() => check(['https://app.example'], { origin })).toThrow(
      expect.objectContaining({ code: 'origin_not_allowed' }),
    );
  });

  test('no list means no foreign page', () => {
    expect(() => check([], { origin: 'http://localhost:3000' })).toThrow(
      expect.objectContaining({ code: 'origin_not_allowed' }),
    );
  });

  test('our own pages and callers that are no browsers need no list', () => {
    expect(check([], { origin: 'https://gw.example:8642' }).outcome).toBe('proceed');
    expect(check([], {}).set).toEqual({ vary: 'Origin' });
  });

  test('* opens it to all, by the word and not by echoing', () => {
    expect(check(['*'], { origin: 'https://any.example' }).set['access-control-allow-origin']).toBe('*');
  });

  test('a preflight names methods, headers and how long that holds', () => {
    const { outcome, set } = check(
      ['https://app.example'],
      { origin: 'https://app.example', 'access-control-request-method': 'POST' },
      'OPTIONS',
    );
    expect(outcome).toBe('preflight');
    expect(set['access-control-max-age']).toBe('600');
    expect(set['access-control-allow-methods']).toContain('PATCH, DELETE');
    for (const name of ['authorization', 'idempotency-key', 'last-event-id', 'x-on-disconnect', 'anthropic-version']) {
      expect(set['access-control-allow-headers']?.split(', ')).toContain(name);
    }
  });
});

describe('the headers of SDKs in a browser', () => {
  const ask = (origin: string, names: string): string[] | undefined => {
    const { set } = preflight(origin, names);
    return set['access-control-allow-headers']?.split(', ');
  };

  test('what they add about themselves is let through, whatever it is called next', () => {
    const sdk = [
      ...['lang', 'os', 'arch', 'runtime', 'runtime-version', 'package-version', 'retry-count', 'timeout'].map(
        (name) => `x-stainless-${name}`,
      ),
      'x-stainless-helper-method',
      'openai-organization',
      'anthropic-dangerous-direct-browser-access',
    ];
    expect(ask('https://app.example', `authorization,content-type,${sdk.join(',')}`)).toEqual(
      expect.arrayContaining(['authorization', ...sdk]),
    );
    expect(ask('https://app.example', ' X-Stainless-Lang , cookie')).toContain('x-stainless-lang');
  });

  test('nothing else is, and the list is bounded', () => {
    const names = ask(
      'https://app.example',
      `cookie,evil,x-,x-${'a'.repeat(65)},x-a\r\nb: c,${'x-a,'.repeat(99)}x-last`,
    );
    expect(names).toContain('x-a');
    expect(names?.filter((name) => !/^[a-z-]{3,30}$/.test(name) || /^(cookie|evil|x-last)$/.test(name))).toEqual([]);
    expect(() => ask('https://evil.example', 'x-stainless-lang')).toThrow();
  });

  test('a page may read whether it shall try again', () => {
    expect(preflight('https://app.example', '').set['access-control-expose-headers']?.split(', ')).toEqual(
      expect.arrayContaining(['x-should-retry', 'retry-after', 'x-request-id', 'x-run-id']),
    );
  });
});

describe('requestIdOf', () => {
  test.each(['abc', 'a.b-c_D9', 'x'.repeat(64)])('keeps %s', (id) => {
    expect(requestIdOf({ 'x-request-id': id })).toBe(id);
  });

  test.each(['', 'x'.repeat(65), 'a b', 'a\u001b[31m', 'é', '{}', undefined])('makes a new one for %p', (id) => {
    const made = requestIdOf(id === undefined ? {} : { 'x-request-id': id });
    expect(made).toMatch(/^req_[0-9a-f-]{36}$/);
    expect(made).not.toBe(requestIdOf({}));
  });
});

describe('parseJson', () => {
  const parse = (text: string): unknown => parseJson(Buffer.from(text));
  const refused = expect.objectContaining({ code: 'invalid_json' });
  const nested = (depth: number, open: string, close: string): string => open.repeat(depth) + close.repeat(depth);

  test('gives the value, and undefined for nothing', () => {
    expect(parse('{"a":["\\u00e9","é","}]{["]}')).toEqual({ a: ['é', 'é', '}]{['] });
    expect(parse('')).toBeUndefined();
  });

  test.each(['{', '{"a":}', '{}}', 'undefined', "{'a':1}", '\ufeff{}', ' '])('refuses %p', (text) => {
    expect(() => parse(text)).toThrow(refused);
  });

  test('refuses invalid UTF-8 instead of replacing it', () => {
    expect(() => parseJson(Buffer.from([0x22, 0xc3, 0x28, 0x22]))).toThrow(refused);
  });

  test('the depth is bounded, exactly', () => {
    expect(parse(nested(LIMITS.jsonDepthMax, '[', ']'))).toBeInstanceOf(Array);
    expect(() => parse(nested(LIMITS.jsonDepthMax + 1, '[', ']'))).toThrow(refused);
    expect(() => parse(nested(1_000_000, '[', ']'))).toThrow(refused);
    expect(() => parse('{"a":'.repeat(5_000))).toThrow(refused);
  });

  test('brackets within strings are no depth, whatever is escaped before their quotes', () => {
    const text = '["' + '['.repeat(500) + '","\\\\","\\"' + '{'.repeat(500) + '","\\\\\\"[['.concat('"]');
    expect(parse(text)).toHaveLength(4);
    expect(() => parse(`["\\\\",${nested(LIMITS.jsonDepthMax, '[', ']')}]`)).toThrow(refused);
  });

  test.each(['{"__proto__":{"polluted":1}}', '{"a":[{"\\u005f_proto__":1}]}', '{"__\\u0070roto__":1}'])(
    'refuses the key in %s',
    (text) => {
      expect(() => parse(text)).toThrow(refused);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    },
  );

  test('the word __proto__ may be written about', () => {
    expect(parse('{"content":"what is __proto__?"}')).toEqual({ content: 'what is __proto__?' });
  });
});
