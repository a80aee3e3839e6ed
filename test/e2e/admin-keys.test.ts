import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/ports.js';
import { inherited } from '../support/processes.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { launch, untilReady } from '../support/stack.js';

/** The role of a key, from the settings file to the door. */
const FILE = 'auth: {keys: [{name: ann, key: ann-key-0123456789, role: admin}, {name: ci, key: ci-key-0123456789a}]}';

let redis: TestRedis;
let folder: string;
beforeAll(async () => {
  redis = await startRedis();
  folder = await mkdtemp(join(tmpdir(), 'talaria-keys-'));
  await writeFile(join(folder, 'talaria.yaml'), FILE);
});
afterAll(async () => {
  await redis?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** What an API with these settings answers to each of these keys, at a route of the admin. */
async function statuses(keys: readonly string[], env: Record<string, string>): Promise<number[]> {
  const port = await freePort();
  const settings = { REDIS_URL: redis.url, TALARIA_CONFIG: join(folder, 'talaria.yaml'), LOG_LEVEL: 'warn', ...env };
  const api = launch('api', port, { ...inherited(), ...settings, API_SERVER_PORT: String(port) });
  try {
    const { url } = await untilReady(api);
    const headers = keys.map((key) => ({ authorization: `Bearer ${key}` }));
    return await Promise.all(
      headers.map(async (given) => (await fetch(`${url}/internal/stats`, { headers: given })).status),
    );
  } finally {
    await api.kill();
  }
}

test('a key with the role admin passes where the admin token does, another key does not', async () => {
  const env = { ADMIN_TOKEN: 'admin-token-0123456789' };
  const keys = ['admin-token-0123456789', 'ann-key-0123456789', 'ci-key-0123456789a'];
  expect(await statuses(keys, env)).toEqual([200, 200, 401]);
});

test('without an admin token there is nothing to open', async () => {
  expect(await statuses(['ann-key-0123456789'], {})).toEqual([404]);
});
