import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { FailedLogins } from '../../../../../apps/api/src/edge/auth/failed-logins.js';
import { API_LIMITS } from '../../../../../apps/api/src/words/api-limits.js';
import { Operators } from '../../../../../apps/api/src/edge/auth/operators.js';

const ADMIN = 'admin-token-1234';
const ADMIN_KEY = 'key-of-an-admin-1234';
const build = (secrets: Partial<ConstructorParameters<typeof Operators>[0]> = {}): Operators =>
  new Operators(
    {
      metrics: { isPublic: false, token: 'metrics-token' },
      adminToken: ADMIN,
      isAdminKey: (text) => text === ADMIN_KEY,
      ...secrets,
    },
    new FailedLogins(),
  );
const request = (headers: IncomingHttpHeaders, method = 'GET'): IncomingMessage =>
  ({
    headers: { host: 'gw.example:8642', ...headers },
    method,
    socket: { remoteAddress: '10.0.0.1' },
  }) as IncomingMessage;
const basic = (password: string, user = 'me'): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

describe('the admin door', () => {
  test.each([`Bearer ${ADMIN}`, `bearer ${ADMIN}`, basic(ADMIN), basic(ADMIN, '')])('opens for %s', (authorization) => {
    expect(build().refusalOf('admin', request({ authorization }))).toBeUndefined();
  });

  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer x',
    'Basic',
    'Basic !!!',
    basic('x'),
    basic(''),
    ADMIN,
    'Bearer metrics-token',
  ])('stays closed for %p', (authorization) => {
    const headers = authorization === undefined ? {} : { authorization };
    expect(build().refusalOf('admin', request(headers))).toMatchObject({ code: 'invalid_api_key' });
  });

  test.each([`Bearer ${ADMIN_KEY}`, basic(ADMIN_KEY)])('opens for the key of an admin: %s', (authorization) => {
    expect(build().refusalOf('admin', request({ authorization }))).toBeUndefined();
    expect(build().refusalOf('metrics', request({ authorization }))).toMatchObject({ code: 'invalid_api_key' });
  });

  test('nothing opens it when there is no token, not even an empty one or the key of an admin', () => {
    const closed = new Operators(
      { metrics: { isPublic: true }, isAdminKey: (text) => text === ADMIN_KEY },
      new FailedLogins(),
    );
    for (const authorization of [basic(''), 'Bearer undefined', basic('undefined'), `Bearer ${ADMIN_KEY}`]) {
      expect(closed.refusalOf('admin', request({ authorization }))).toMatchObject({ code: 'invalid_api_key' });
    }
  });

  test.each([
    [{ origin: 'https://evil.example' }, false],
    [{ origin: 'null' }, false],
    [{ origin: 'http://gw.example:8642' }, true],
    [{}, true],
    [{ 'sec-fetch-site': 'cross-site' }, false],
    [{ 'sec-fetch-site': 'same-site' }, false],
    [{ 'sec-fetch-site': 'none' }, false],
    [{ 'sec-fetch-site': 'same-origin', origin: 'http://gw.example:8642' }, true],
  ])('a change from %j with the password of the browser: %p', (headers, allowed) => {
    const refusal = build().refusalOf('admin', request({ ...headers, authorization: basic(ADMIN) }, 'PUT'));
    expect(refusal?.code).toBe(allowed ? undefined : 'origin_not_allowed');
  });

  test('guessing is limited; the right token never is', () => {
    const operators = build();
    const guess = (): string | undefined =>
      operators.refusalOf('admin', request({ authorization: 'Bearer guess' }))?.code;
    for (let i = 0; i < API_LIMITS.authFailuresPerMinuteMax; i++) expect(guess()).toBe('invalid_api_key');
    expect(guess()).toBe('rate_limit_exceeded');
    expect(operators.refusalOf('admin', request({ authorization: `Bearer ${ADMIN}` }))).toBeUndefined();
  });
});

test('the metrics door opens for its own token alone', () => {
  const code = (authorization: string): string | undefined =>
    build().refusalOf('metrics', request({ authorization }))?.code;
  expect(code('Bearer metrics-token')).toBeUndefined();
  expect(code(`Bearer ${ADMIN}`)).toBe('invalid_api_key');
});
