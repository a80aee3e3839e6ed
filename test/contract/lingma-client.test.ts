import {
  connectRedis,
  redisCredentialVault,
  redisPoolShare,
  redisWorkerRegistry,
  type RedisConnection,
} from '#libs/bus';
import type { WorkerInfo } from '#libs/contract';
import { startApi, type TestApi } from '../support/api-app.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { until } from '../support/until.js';

/**
 * What clients and monitors of the Lingma gateway do, by the fields that its published routes have. The API is ours and
 * runs here; the test plays the worker behind it.
 */
const ADMIN = 'admin-token-0123456789';
const SETTINGS = `
upstreams:
  - { name: first, provider: openai, base_url: 'http://127.0.0.1:1/v1', api_key: sk-first }
  - name: second
    provider: openai
    base_url: http://127.0.0.1:1/v1
    oauth_token_url: http://127.0.0.1:1/token
    oauth_device_url: http://127.0.0.1:1/device
    oauth_client_id: talaria
models:
  - { name: pooled, upstreams: [first, second], model: big }
`;

let redis: TestRedis;
let connection: RedisConnection;
let api: TestApi;

beforeAll(async () => {
  redis = await startRedis();
  const env = {
    REDIS_URL: redis.url,
    API_KEYS: 'ann:ann-key-0123456789',
    STORE_URL: 'http://127.0.0.1:1',
    ADMIN_TOKEN: ADMIN,
    CREDENTIALS_KEY: 'a-key-for-keys-of-32-characters-or-more',
    CREDENTIALS_EXPORT: 'true',
  };
  api = await startApi(env, undefined, SETTINGS);
  connection = connectRedis({ url: redis.url, prefix: 'talaria', role: 'worker' });
  await redisWorkerRegistry(connection).announce(worker);
});
afterAll(async () => {
  connection?.close();
  await api?.close();
  await redis?.stop();
});

const worker: WorkerInfo = {
  id: 'w1',
  version: 'test',
  capacity: 10,
  models: [
    { name: 'pooled', upstream: 'first' },
    { name: 'qwen-plus', upstream: 'second' },
  ],
  tools: [],
  unknownModels: 'reject',
  defaultModel: 'pooled',
};
const big = (upstream: string) => ({ upstream, model: 'big' });

async function ask(method: string, path: string, token?: string): Promise<{ status: number; body: Body }> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(api.url + path, { method, headers });
  return { status: response.status, body: (await response.json()) as Body };
}

interface Instance {
  readonly name: string;
  readonly instance: string;
  readonly state: string;
  readonly in_flight: number;
  readonly auth: { readonly id?: string };
}
interface Body {
  readonly ok: boolean;
  readonly time: number;
  readonly pool_size: number;
  readonly pool_ready: number;
  readonly instances: readonly Instance[];
  readonly state: string;
  readonly instance: string;
  readonly pool: readonly Instance[];
  readonly exposed_keys: readonly string[];
  readonly bundle_b64: string;
  readonly raw_bytes: number;
}

test('a monitor asks /healthz without a token, and counts the instances that are ready', async () => {
  const share = redisPoolShare(connection, 'w1');
  await share.take({ members: [big('first')], key: 'k', tokens: 10, proposal: 0 });
  const healthy = (await ask('GET', '/healthz')).body;
  expect(healthy).toMatchObject({ ok: true, pool_size: 2, pool_ready: 2, time: expect.any(Number) });
  // Seconds, whole ones.
  expect([Number.isInteger(healthy.time), String(healthy.time).length]).toEqual([true, 10]);
  expect(healthy.instances.map((row) => [row.state, row.in_flight])).toEqual([
    ['ready', 1],
    ['ready', 0],
  ]);
  // Anybody may ask, so nothing there is the name of an upstream.
  expect(healthy.instances.map(({ name }) => name)).toEqual(['upstream-1', 'upstream-2']);
  for (const upstream of ['first', 'second']) {
    await share.change(big(upstream), (_, now) => ({ failures: [], until: now + 60_000, level: 1, cause: 'failing' }));
  }
  await until(async () => !(await ask('GET', '/healthz')).body.ok);
  expect((await ask('GET', '/healthz')).body).toMatchObject({ ok: false, pool_size: 2, pool_ready: 0 });
  await share.leave(big('first'), 10);
});

test('an operator reads statistics, and the names of models as each instance tells them', async () => {
  expect((await ask('GET', '/internal/stats', 'ann-key-0123456789')).status).toBe(401);
  const stats = (await ask('GET', '/internal/stats', ADMIN)).body;
  expect(stats).toMatchObject({
    ok: true,
    stats: { requests_total: 0 },
    concurrency: { in_flight: 0 },
    session_cache: { entries: 1 },
  });
  expect(stats.pool.map(({ name }) => name)).toEqual(['first', 'second']);

  const raw = (await ask('GET', '/internal/models/raw?instance=second', ADMIN)).body;
  expect(raw).toMatchObject({ instance: 'second', extracted_name_map: { 'qwen-plus': 'qwen-plus' } });
  expect(raw.exposed_keys).toEqual(['qwen-plus']);
  expect((await ask('GET', '/internal/models/raw', ADMIN)).body.instance).toBe('first');
  expect((await ask('GET', '/internal/models/raw?instance=nobody', ADMIN)).status).toBe(404);
});

test('an operator starts a login, looks until the instance is logged in, and takes its session away', async () => {
  const vault = redisCredentialVault(connection);
  const before = (await ask('GET', '/internal/auto-login/status', ADMIN)).body;
  expect(before).toMatchObject({ ok: true, instances: [{ instance: 'second', auth: {}, state: 'not_logged_in' }] });
  expect((await ask('POST', '/internal/session/export?instance=second', ADMIN)).status).toBe(404);

  const starting = ask('POST', '/internal/auto-login/start?instance=second', ADMIN);
  await until(async () => (await vault.takeLogins(['second'])).length === 1);
  const expiresAt = Date.now() + 600_000;
  const opened = { verificationUri: 'https://vendor.example/open', userCode: 'AB-CD' };
  await vault.tellLogin('second', { state: 'waiting', at: Date.now(), ...opened, expiresAt });
  expect((await starting).body).toMatchObject({
    ok: true,
    state: 'running',
    instance: 'second',
    auto_login: { verification_uri: 'https://vendor.example/open', user_code: 'AB-CD' },
  });
  const start = () => ask('POST', '/internal/auto-login/start?instance=second', ADMIN);
  expect((await start()).body).toMatchObject({ ok: true, state: 'already_running', instance: 'second' });

  await vault.write('second', { sealed: 'v1.sealed', expiresAt, renewAt: expiresAt, renewedAt: Date.now() });
  await vault.tellLogin('second', { state: 'logged_in', at: Date.now() });
  const [row] = (await ask('GET', '/internal/auto-login/status', ADMIN)).body.instances;
  expect(row).toMatchObject({ instance: 'second', state: 'ready', auth: { id: 'second' } });
  expect((await start()).body).toMatchObject({ ok: true, state: 'already_logged_in', instance: 'second' });

  const taken = (await ask('POST', '/internal/session/export?instance=second', ADMIN)).body;
  expect(Buffer.from(taken.bundle_b64, 'base64').toString()).toBe('v1.sealed');
  expect([taken.instance, taken.raw_bytes]).toEqual(['second', 9]);
});
