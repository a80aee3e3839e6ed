import { ConfigError, loadConfig, readTextFile, type Config, type Environment } from '#libs/config';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'talaria-shared-'));
const file = join(folder, 'talaria.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

/** One file for all services; each secret is in the environment of the service that uses it. */
writeFileSync(
  file,
  `api: { host: 0.0.0.0 }
auth:
  keys:
    - { name: ann, key_env: ANN_KEY, max_queued: 7 }
    - { name: bob, role: admin }
upstreams: [{ name: openai, provider: openai, api_key_env: UPSTREAM_KEY }]
models: [{ name: fast, upstream: openai, model: small, price_input: 1, price_output: 2 }]
mcp_servers:
  - { name: hub, command: npx, env_from: [HUB_TOKEN] }
  - { name: docs, url: 'http://127.0.0.1:1/mcp', token_env: DOCS_TOKEN }
`,
);
const OF_API = { ANN_KEY: '4f0b6d7e92c81a35d6e0f7b8', API_KEYS: 'bob:5f0b6d7e92c81a35d6e0f7b8' };
const OF_WORKER = { UPSTREAM_KEY: 'sk-up', HUB_TOKEN: 'hub', DOCS_TOKEN: 'docs' };
type Service = Parameters<typeof loadConfig>[2];
const load = (service: Service, env: Environment): Config =>
  loadConfig({ TALARIA_CONFIG: file, ...env }, readTextFile, service);

function problemsOf(service: Service, env: Environment): string[] {
  try {
    load(service, env);
    return [];
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.problems.map(({ where }) => where);
    throw cause;
  }
}

const KEYS = ['auth.keys[0].key_env', 'auth.keys[1]', 'API_SERVER_KEY'];
const UPSTREAMS = ['upstreams[0].api_key_env', 'mcp_servers[0].env_from', 'mcp_servers[1].token_env'];

describe('a settings file that all services share', () => {
  test.each<[Service, string[], Environment]>([
    ['api', KEYS, OF_API],
    ['worker', UPSTREAMS, OF_WORKER],
    ['scheduler', [], {}],
    ['store', [], {}],
    [undefined, [...KEYS, ...UPSTREAMS], { ...OF_API, ...OF_WORKER }],
  ])('%s asks for the secrets that it uses, and for no others', (service, missing, env) => {
    expect(problemsOf(service, {}).sort()).toEqual([...missing].sort());
    expect(problemsOf(service, env)).toEqual([]);
  });

  test('what only another service uses is not read', () => {
    const canaries = { ANN_KEY: 'canary-1', API_KEYS: 'bob:canary-2', UPSTREAM_KEY: 'canary-3', HUB_TOKEN: 'canary-4' };
    expect(JSON.stringify(load('store', canaries))).not.toContain('canary');
  });

  test('limits and prices are known wherever they count', () => {
    const { auth, models } = load('scheduler', {});
    expect(auth.limits).toEqual([{ name: 'ann', queuedMax: 7 }]);
    expect(models.routes).toMatchObject([{ name: 'fast', price: { input: 1, output: 2 } }]);
  });

  test.each(['store', 'scheduler', 'worker', 'api'])('the process %s is told who it is', (service) => {
    const main = join(import.meta.dirname, `../../dist/apps/${service}/src/main.js`);
    // A port that cannot be: the process ends after it has read its settings, and says all that is wrong.
    const env = { PATH: process.env['PATH'], TALARIA_CONFIG: file, API_SERVER_PORT: 'none' };
    const { stderr, stdout } = spawnSync(process.execPath, [main], { env, encoding: 'utf8' });
    const said = stderr + stdout;
    expect(said).toContain('API_SERVER_PORT');
    expect([said.includes('ANN_KEY'), said.includes('UPSTREAM_KEY')]).toEqual([
      service === 'api',
      service === 'worker',
    ]);
  });
});
