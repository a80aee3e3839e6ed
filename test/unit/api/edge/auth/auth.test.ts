import { LOCAL_OWNER } from '#libs/config';
import type { Logger } from '#libs/platform';
import type { IncomingMessage } from 'node:http';
import { apiHostCheck } from '../../../../../apps/api/src/edge/auth/allowed-hosts.js';
import { FailedLogins } from '../../../../../apps/api/src/edge/auth/failed-logins.js';
import { KeyRing } from '../../../../../apps/api/src/edge/auth/key-ring.js';
import { API_LIMITS } from '../../../../../apps/api/src/words/api-limits.js';

const ALICE = 'alice-key-0123456789';
const BOB = 'bob-key-0123456789abc';
const ring = new KeyRing([
  { name: 'alice', key: ALICE, role: 'user' },
  { name: 'bob', key: BOB, role: 'admin' },
]);

/** The part of a request that is looked at; repeated names arrive as Node gives them. */
function request(...pairs: [string, string][]): IncomingMessage {
  const headers: Record<string, string> = {};
  for (const [name, value] of pairs) headers[name.toLowerCase()] ??= value;
  return { headers, rawHeaders: pairs.flat() } as unknown as IncomingMessage;
}

describe('KeyRing', () => {
  test.each<[string, [string, string][], string | undefined]>([
    ['a bearer token', [['Authorization', `Bearer ${ALICE}`]], 'alice'],
    ['the second key', [['Authorization', `Bearer ${BOB}`]], 'bob'],
    ['another spelling of the scheme', [['authorization', `bearer  ${ALICE}`]], 'alice'],
    ['x-api-key', [['x-api-key', BOB]], 'bob'],
    ['no key', [], undefined],
    ['an empty x-api-key', [['x-api-key', '']], undefined],
    ['an empty token', [['Authorization', 'Bearer ']], undefined],
    ['another scheme', [['Authorization', `Basic ${ALICE}`]], undefined],
    ['a bare key', [['Authorization', ALICE]], undefined],
    ['a prefix', [['Authorization', `Bearer ${ALICE.slice(0, -1)}`]], undefined],
    ['a key and more', [['Authorization', `Bearer ${ALICE}x`]], undefined],
    ['ten thousand characters', [['Authorization', `Bearer ${'k'.repeat(10_000)}`]], undefined],
    ['bytes that are not ASCII', [['Authorization', 'Bearer clé-\u00ff\u00e9']], undefined],
    [
      'two Authorization headers',
      [
        ['Authorization', `Bearer ${ALICE}`],
        ['authorization', `Bearer ${BOB}`],
      ],
      undefined,
    ],
    [
      'a wrong token beside a right x-api-key',
      [
        ['Authorization', 'Bearer wrong'],
        ['x-api-key', ALICE],
      ],
      undefined,
    ],
  ])('%s', (_, headers, owner) => {
    expect(ring.ownerOf(request(...headers))).toBe(owner);
  });

  test('knows which key is an admin', () => {
    expect([ALICE, BOB, `${BOB}x`, ''].map((text) => ring.isAdminKey(text))).toEqual([false, true, false, false]);
  });

  test('without keys everybody is the local owner, whatever they send, and nobody an admin', () => {
    const open = new KeyRing([]);
    expect(open.isAdminKey('')).toBe(false);
    expect(open.ownerOf(request())).toBe(LOCAL_OWNER);
    expect(open.ownerOf(request(['Authorization', 'Bearer anything']))).toBe(LOCAL_OWNER);
  });
});

describe('FailedLogins', () => {
  const failTimes = (logins: FailedLogins, address: string, times: number): void => {
    for (let i = 0; i < times; i++) logins.add(address);
  };

  test('refuses an address after too many failures in a minute, and forgets them after it', () => {
    let now = 1_000;
    const logins = new FailedLogins(() => now);
    failTimes(logins, 'a', API_LIMITS.authFailuresPerMinuteMax);
    now += 20_000;
    expect(logins.add('a')).toMatchObject({ code: 'rate_limit_exceeded', retryAfterSeconds: 40, reason: 'wrong_keys' });
    expect(logins.add('b')).toBeUndefined();
    now += 40_000;
    expect(logins.add('a')).toBeUndefined();
  });

  test('remembers a bounded number of addresses and forgets the oldest', () => {
    const logins = new FailedLogins(() => 0);
    failTimes(logins, 'first', API_LIMITS.authFailuresPerMinuteMax);
    for (let i = 0; i < API_LIMITS.authFailureAddressesMax; i++) logins.add(`10.${i}`);
    expect(logins.size).toBe(API_LIMITS.authFailureAddressesMax);
    expect(logins.add('first')).toBeUndefined();
  });
});

describe('hostCheck', () => {
  test('a name that is refused is logged once, with the setting that allows it, and not without end', () => {
    const lines: string[] = [];
    const logger = { warn: (line: string) => void lines.push(line) } as unknown as Pick<Logger, 'warn'>;
    const check = apiHostCheck({ host: '127.0.0.1', allowedHosts: [] }, logger);
    for (let i = 0; i < 3; i += 1) check('host.docker.internal:7800');
    check('localhost:7800');
    expect(lines).toEqual([
      'This server is not known by the name "host.docker.internal". An operator allows it with API_SERVER_ALLOWED_HOSTS.',
    ]);
    for (let i = 0; i < 100; i += 1) check(`name${i}.example`);
    expect(lines.length).toBeLessThan(30);
  });

  const loopback = apiHostCheck({ host: '127.0.0.1', allowedHosts: ['dev.example'] });

  test.each(['localhost', 'localhost:8642', 'LocalHost.:1', '127.0.0.1:8642', '[::1]', '[::1]:8642', 'dev.example:80'])(
    'lets %s pass on loopback',
    (host) => expect(loopback(host)).toBe(true),
  );

  test.each(['attacker.com', 'attacker.com:8642', '127.0.0.1.attacker.com', 'localhost.attacker.com', '10.0.0.1', ''])(
    'refuses "%s" on loopback',
    (host) => expect(loopback(host)).toBe(false),
  );

  test('knows the bound host, and has no opinion on a network-visible address', () => {
    expect(apiHostCheck({ host: '127.0.0.2', allowedHosts: [] })('127.0.0.2:8642')).toBe(true);
    expect(apiHostCheck({ host: '0.0.0.0', allowedHosts: [] })('gateway.example')).toBe(true);
  });
});
