import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startFakeOAuth, type FakeOAuth } from '../support/fake-oauth.js';
import { says } from '../support/pool-upstreams.js';
import { startStack, type Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** A key that renews itself, on real processes: two workers, an OAuth server, an upstream that asks for its key. */
const KEY = 'ann-key-0123456789';
const ADMIN = 'admin-token-0123456789';

let oauth: FakeOAuth;
let upstream: Server;
let stack: Stack;
/** What the upstream takes; undefined: whatever the OAuth server gave last. */
let wanted: string | undefined;
const shown: string[] = [];

beforeAll(async () => {
  oauth = await startFakeOAuth();
  oauth.refreshToken = undefined;
  upstream = createServer((request, response) => {
    request.resume();
    request.once('end', () => {
      const key = String(request.headers.authorization);
      shown.push(key);
      if (key !== `Bearer ${wanted ?? oauth.accessToken}`) {
        response.writeHead(401, { 'content-type': 'application/json' });
        return response.end('{"error":{"message":"Bad key","code":"invalid_api_key"}}');
      }
      if (request.method === 'POST') return says('hello')(response, 1);
      return response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[{"id":"big"}]}');
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`;
  const settings = `
auth: { keys: [{ name: ann, key: ${KEY} }] }
upstreams:
  - name: vendor
    provider: openai
    base_url: ${url}
    oauth_token_url: ${oauth.url}/token
    oauth_device_url: ${oauth.url}/device
    oauth_client_id: talaria
models:
  - { name: big, upstream: vendor, model: big }
`;
  const env = { ADMIN_TOKEN: ADMIN, CREDENTIALS_KEY: 'a-key-for-keys-of-32-characters-or-more' };
  stack = await startStack({ workers: 2, settings, env });
});
afterAll(async () => {
  await stack?.stop();
  await oauth?.stop();
  upstream?.closeAllConnections();
  upstream?.close();
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function call(path: string, key: string, body?: object): Promise<Answer> {
  const response = await fetch(`${stack.apis[0]?.url}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const chat = (): Promise<Answer> =>
  call('/v1/chat/completions', KEY, { model: 'big', messages: [{ role: 'user', content: 'Hi' }] });
const login = '/internal/upstreams/vendor/login';

test('before anybody has logged in requests fail, and say so', async () => {
  const { status, body } = await chat();
  expect([status, body['error']]).toMatchObject([502, { code: 'upstream_auth_failed' }]);
  expect(JSON.stringify(body)).toContain('needs somebody to log in');
});

test('a login says what to open; once somebody has, all workers have the key, and nobody sees it', async () => {
  expect((await call(login, KEY, {})).status).toBe(401);
  expect((await call('/internal/upstreams/nobody/login', ADMIN, {})).status).toBe(404);
  const started = await call(login, ADMIN, {});
  expect(started).toMatchObject({
    status: 200,
    body: { name: 'vendor', state: 'waiting', user_code: 'AB-CD', verification_uri: `${oauth.url}/activate` },
  });
  expect((await call('/internal/auto-login/status', ADMIN)).body).toMatchObject({ name: 'vendor', state: 'waiting' });
  oauth.isApproved = true;
  await until(async () => (await call(login, ADMIN)).body['state'] === 'logged_in');
  const answers = await Promise.all(Array.from({ length: 12 }, chat));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  const state = await call('/internal/auto-login/status', ADMIN);
  expect(state.body).toMatchObject({ credential: { state: 'valid' } });
  expect(JSON.stringify([started, state])).not.toMatch(/access-|refresh-/);
});

test('a key that is withdrawn is renewed once by one worker for all requests', async () => {
  const before = oauth.asked.length;
  wanted = 'access-2';
  const answers = await Promise.all(Array.from({ length: 12 }, chat));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(oauth.asked.slice(before).map((form) => form['grant_type'])).toEqual(['refresh_token']);
  expect(new Set(shown.slice(-3))).toEqual(new Set(['Bearer access-2']));
});

test('the encrypted key is not given out unless the settings allow it', async () => {
  expect((await call('/internal/session/export', ADMIN, {})).status).toBe(403);
  const api = await stack.start('api', { CREDENTIALS_EXPORT: 'true', LOG_LEVEL: 'warn' });
  const response = await fetch(`${api.url}/internal/session/export?upstream=vendor`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN}` },
  });
  const { bundle, upstream: name } = (await response.json()) as { bundle: string; upstream: string };
  expect([response.status, name, bundle]).toEqual([200, 'vendor', expect.stringMatching(/^v1\./)]);
  expect(Buffer.from(bundle.slice(3), 'base64url').toString('latin1')).not.toContain('access-');
  await until(async () => api.output().includes('given out'));
  // What another deployment would do; here the key stays the same.
  const before = oauth.asked.length;
  expect((await call(login, ADMIN, { bundle: 'v1.no' })).status).toBe(400);
  expect((await call(login, ADMIN, { bundle })).body).toMatchObject({ state: 'logged_in' });
  expect(oauth.asked.length).toBe(before + 1);
});
