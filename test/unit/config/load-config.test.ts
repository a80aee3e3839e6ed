import { ConfigError, loadConfig, readConfig, type Config, type Environment } from '#libs/config';
import { createTargets } from '#libs/delivery';

const KEY = '4f0b6d7e92c81a35d6e0f7b8';

/** Loads with a map of files; without TALARIA_CONFIG the default file does not exist. */
function load(env: Environment, files: Record<string, string> = {}): Config {
  return loadConfig(env, (path) => files[path]);
}

function loadYaml(content: string, env: Environment = {}): Config {
  return load(env, { 'talaria.yaml': content });
}

function problemsOf(act: () => unknown): string {
  try {
    act();
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.message;
    throw cause;
  }
  throw new Error('the configuration was taken');
}

describe('without any setting', () => {
  test('everything has a default and the demo model answers', () => {
    expect(load({})).toEqual({
      api: {
        host: '127.0.0.1',
        port: 8642,
        corsOrigins: [],
        allowedHosts: [],
        bodyBytesMax: 10_000_000,
        messageCharsMax: 4_000_000,
        responsesServerCalls: 'mcp_call',
        sseKeepaliveMs: 10_000,
        noWorkerSeconds: 60,
        queuedMax: 10_000,
        queuedPerKeyMax: 5_000,
        orderBytesPerKeyMax: 268_435_456,
        inFlightMax: 5_000,
        inFlightPerKeyMax: 2_500,
        listenersMax: 10_000,
        listenersPerKeyMax: 5_000,
        receivingBytesMax: 200_000_000,
        receivingBytesPerKeyMax: 40_000_000,
        connectionsMax: 20_000,
        drainSeconds: 30,
        drainDelaySeconds: 5,
        queueDashboardWrite: false,
      },
      auth: { keys: [], limits: [] },
      metrics: { isPublic: false },
      redis: { url: 'redis://127.0.0.1:6379', prefix: 'talaria' },
      store: {
        host: '127.0.0.1',
        port: 8645,
        url: 'http://127.0.0.1:8645',
        dataDir: '.talaria',
        retentionDays: 30,
        retentionRunsMax: 0,
      },
      worker: {
        concurrency: 512,
        healthHost: '127.0.0.1',
        healthPort: 8643,
        schedulerHealthPort: 8644,
        drainSeconds: 30,
      },
      models: {
        defaultName: 'talaria',
        unknown: 'reject',
        rememberedSeconds: 60,
        upstreams: [
          { name: 'demo', provider: 'demo', retriesMax: 2, firstByteTimeoutMs: 600_000, idleTimeoutMs: 300_000 },
        ],
        routes: [],
        fallback: [],
      },
      agent: {
        systemPrompt: '',
        stepsMax: 90,
        runSecondsMax: 3_600,
        tools: ['current_time', 'http_fetch'],
        toolsBesideClientTools: 'offer',
        fetchAllowedHosts: [],
        workspaceDir: '.talaria/workspaces',
        workspaceDaysMax: 30,
        terminalCommand: ['/bin/sh', '-c'],
        terminalPath: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      },
      jobs: { jobsPerOwnerMax: 1_000, webhookAllowedHosts: [] },
      tools: { toolsets: [], byKey: [], byModel: [], mcpServers: [] },
      approvals: { inChat: 'say', timeoutSeconds: 900, rules: [] },
      messenger: { port: 8646 },
      log: { level: 'info', pretty: false },
    });
  });

  test('nothing counts as given', () => {
    expect([...readConfig({}, () => undefined).given]).toEqual([]);
  });
});

describe('the environment', () => {
  test('is read with all its kinds', () => {
    const config = load({
      API_SERVER_PORT: ' 9000 ',
      API_SERVER_CORS_ORIGINS: 'https://a.example, http://localhost:3000,',
      LOG_PRETTY: 'yes',
      FETCH_ALLOWED_HOSTS: '10.0.0.0/8,intranet.example',
      STORE_URL: 'http://store:8645/',
      FALLBACK_MODELS: 'gpt-a,ns/model:b',
      API_SERVER_HOST: '[::1]',
    });
    expect(config.api).toMatchObject({
      port: 9_000,
      host: '::1',
      corsOrigins: ['https://a.example', 'http://localhost:3000'],
    });
    expect(config.log.pretty).toBe(true);
    expect(config.agent.fetchAllowedHosts).toEqual(['10.0.0.0/8', 'intranet.example']);
    expect(config.store.url).toBe('http://store:8645');
    expect(config.models.fallback).toEqual(['gpt-a', 'ns/model:b']);
  });

  test('wins over the file', () => {
    const config = loadYaml('api:\n  port: 9001\n  model_name: house\n', { API_SERVER_PORT: '9000' });
    expect([config.api.port, config.models.defaultName]).toEqual([9_000, 'house']);
  });

  test('an empty text is not set, but no tools', () => {
    const config = load({ API_SERVER_PORT: '', TOOLS: '', REDIS_URL: ' ' });
    expect([config.api.port, config.redis.url, config.agent.tools]).toEqual([8_642, 'redis://127.0.0.1:6379', []]);
    expect(loadYaml('agent:\n  tools: []\n').agent.tools).toEqual([]);
  });

  test.each([
    ['API_SERVER_PORT', '8642x', '"8642x"; expected a whole number from 1 to 65535'],
    ['API_SERVER_PORT', '1e3', '"1e3"'],
    ['API_SERVER_PORT', '0', '"0"'],
    ['API_SERVER_PORT', '65536', '"65536"'],
    ['WORKER_CONCURRENCY', '-1', '"-1"'],
    ['API_SERVER_CORS_ORIGINS', 'https://a.example/', 'an origin as a browser sends it'],
    ['API_SERVER_CORS_ORIGINS', 'https://a.example/path', 'an origin as a browser sends it'],
    ['API_SERVER_HOST', 'two words', 'an IP address or a host name'],
    ['OPENAI_BASE_URL', 'localhost:1234/v1', 'http:// or https://'],
    ['STORE_URL', 'ftp://store', 'http:// or https://'],
    ['MODELS_UNKNOWN', 'maybe', 'one of reject, default, passthrough'],
    ['LOG_LEVEL', 'loud', 'one of trace'],
    ['LOG_PRETTY', 'maybe', 'true or false'],
    ['TOOLS', 'rm -rf', 'a tool name'],
    ['FETCH_ALLOWED_HOSTS', '10.0.0.0/99', 'CIDR'],
    ['REDIS_PREFIX', 'a:b', 'A-Z a-z'],
    ['API_SERVER_MODEL_NAME', 'my model', 'a model name'],
  ])('%s=%s is refused by name, with what is expected', (name, value, message) => {
    const problems = problemsOf(() => load({ [name]: value }));
    expect(problems).toContain(name);
    expect(problems).toContain(message);
  });

  test('names every problem at once', () => {
    const problems = problemsOf(() => load({ API_SERVER_PORT: 'x', LOG_LEVEL: 'y', REDIS_URL: 'z' }));
    expect(problems.split('\n')).toHaveLength(4);
  });

  test.each([
    'API_SERVER_KEY',
    'ADMIN_TOKEN',
    'METRICS_TOKEN',
    'API_KEYS',
    'REDIS_URL',
    'DATABASE_URL',
    'STORE_TOKEN',
    'OPENAI_API_KEY',
  ])('the value of %s is never shown', (name) => {
    const problems = problemsOf(() => load({ [name]: 'hush hush//:secret' }));
    expect(problems).toContain(name);
    expect(problems).not.toContain('hush');
  });

  test('a password inside a URL is never shown', () => {
    const problems = problemsOf(() => load({ OPENAI_BASE_URL: 'https://me:hush@api.example/v1' }));
    expect(problems).toContain('OPENAI_BASE_URL is "https://***@api.example/v1"');
    expect(problems).not.toContain('hush');
  });
});

describe('secrets from files', () => {
  test('are read and trimmed', () => {
    expect(load({ API_SERVER_KEY_FILE: '/run/key' }, { '/run/key': `${KEY}\n` }).auth.keys).toEqual([
      { name: 'default', key: KEY, role: 'user' },
    ]);
  });

  test('a missing, empty or unreadable file is a problem', () => {
    expect(problemsOf(() => load({ STORE_TOKEN_FILE: '/none' }))).toContain('STORE_TOKEN_FILE is "/none"');
    expect(problemsOf(() => load({ STORE_TOKEN_FILE: '/empty' }, { '/empty': '\n' }))).toContain('STORE_TOKEN_FILE');
    const locked = (): never => {
      throw Object.assign(new Error('no'), { code: 'EACCES' });
    };
    expect(problemsOf(() => loadConfig({ STORE_TOKEN_FILE: '/locked' }, locked))).toContain('EACCES');
  });

  test('both ways at once is a problem', () => {
    const env = { API_SERVER_KEY: KEY, API_SERVER_KEY_FILE: '/run/key' };
    expect(problemsOf(() => load(env, { '/run/key': KEY }))).toContain('API_SERVER_KEY_FILE too');
  });

  test('what is no secret has no file', () => {
    expect(load({ API_SERVER_PORT_FILE: '/none' }).api.port).toBe(8_642);
  });
});

describe('the settings file', () => {
  test('must exist when it is named', () => {
    expect(problemsOf(() => load({ TALARIA_CONFIG: 'mine.yaml' }))).toContain('TALARIA_CONFIG is "mine.yaml"');
  });

  test('is read from the place that is named', () => {
    expect(load({ TALARIA_CONFIG: 'mine.yaml' }, { 'mine.yaml': 'api: {port: 9001}' }).api.port).toBe(9_001);
  });

  test.each(['', '# nothing\n', 'api:\n', 'upstreams:\nmodels: []\n'])('may say nothing: %j', (content) => {
    expect(loadYaml(content).api.port).toBe(8_642);
  });

  test.each([
    ['api: {prot: 1}', 'api.prot: unknown key; known here: allowed_hosts'],
    ['apis: {}', 'apis: unknown key; known here: agent'],
    ['api: 3', 'api: expected the keys'],
    ['api: {port: [1, 2]}', 'api.port: expected a whole number from 1 to 65535, not a list'],
    ['api: {port: {a: 1}}', 'api.port: expected a whole number'],
    ['api: {port: 99999}', 'api.port is "99999"'],
    ['- a', 'talaria.yaml: expected keys'],
    ['upstreams: {a: 1}', 'upstreams: expected a list'],
    ['upstreams: [a]', 'upstreams[0]: expected the keys'],
    ['upstreams: [{name: a, provider: gemini}]', 'upstreams[0].provider is "gemini"; expected one of'],
    ['upstreams: [{provider: demo}]', 'upstreams[0].name: missing'],
    ['upstreams: [{name: a, provider: demo, url: x}]', 'upstreams[0].url: unknown key'],
    ['upstreams: [{name: a, provider: openai}]', 'upstreams[0]: expected api_key'],
    ['upstreams: [{name: a, provider: openai, api_key_env: NONE}]', 'upstreams[0].api_key_env is "NONE"'],
    ['auth: {keys: [{name: a b, key: c}]}', 'auth.keys[0].name is "a b"'],
    ['auth: {keys: [{name: a, key: c, role: root}]}', 'auth.keys[0].role'],
    ['auth: {keys: [{name: a}]}', 'auth.keys[0]: has no key'],
    [
      'models: [{name: m, upstream: none, model: x}]',
      'models[0].upstream is "none"; expected one of the upstreams: demo',
    ],
    ['models: [{name: m, upstream: demo, model: x, fallback: [y]}]', 'models[0].fallback is "y"'],
    ['models: [{name: m, upstream: demo, model: x, fallback: m}]', 'models[0].fallback is "m"'],
    ['a: *b', 'talaria.yaml: its aliases'],
    ['api: {port: 1\n', 'talaria.yaml, line'],
    ['api: {port: 1, port: 2}', 'DUPLICATE_KEY'],
  ])('%j is refused with its path', (content, message) => {
    expect(problemsOf(() => loadYaml(content))).toContain(message);
  });

  test('a broken file does not give away the line that holds a key', () => {
    expect(problemsOf(() => loadYaml('auth:\n  keys: [{name: a, key: hush\n  b: - c'))).not.toContain('hush');
  });

  test('a key of digits stays the text it is', () => {
    const key = '12345678901234567890123';
    expect(loadYaml(`auth: {keys: [{name: a, key: ${key}}]}`).auth.keys[0]?.key).toBe(key);
  });
});

describe('keys', () => {
  test('come from everywhere, with their names', () => {
    const env = { API_SERVER_KEY: 'one', API_KEYS: 'bob:t:wo, eve:three', SECOND: 'four' };
    const config = loadYaml('auth: {keys: [{name: ann, key_env: SECOND, role: admin}, {name: eve, role: admin}]}', env);
    expect(config.auth.keys).toEqual([
      { name: 'default', key: 'one', role: 'user' },
      { name: 'bob', key: 't:wo', role: 'user' },
      { name: 'eve', key: 'three', role: 'admin' },
      { name: 'ann', key: 'four', role: 'admin' },
    ]);
  });

  test('the key of the environment wins over the one of that name in the file', () => {
    const config = loadYaml('auth: {keys: [{name: bob, key: file, role: admin}]}', { API_KEYS: 'bob:env' });
    expect(config.auth.keys).toEqual([{ name: 'bob', key: 'env', role: 'admin' }]);
  });

  test.each([
    [{ API_KEYS: 'a:one,a:two' }, 'API_KEYS is "a"; expected a key name that is used once'],
    [{ API_KEYS: 'default:two', API_SERVER_KEY: 'one' }, 'used once'],
    [{ API_KEYS: 'a:same,b:same' }, 'the keys a and b are the same'],
    [{ API_SERVER_KEY: 'same', ADMIN_TOKEN: 'same' }, 'ADMIN_TOKEN: is the same as the key default'],
    [{ API_SERVER_KEY: 'same', METRICS_TOKEN: 'same' }, 'METRICS_TOKEN: is the same as the key default'],
    [{ ADMIN_TOKEN: 'same', METRICS_TOKEN: 'same' }, 'METRICS_TOKEN: is the same as ADMIN_TOKEN'],
    [{ API_KEYS: 'nocolon' }, 'name:key'],
    [{ API_KEYS: ':key' }, 'name:key'],
    [{ API_KEYS: `${'n'.repeat(65)}:key` }, 'name:key'],
    [{ API_KEYS: 'a:' }, 'name:key'],
  ])('%j is refused', (env, message) => {
    expect(problemsOf(() => load(env))).toContain(message);
  });
});

describe('upstreams', () => {
  const providers = (env: Environment, yaml = ''): string[] =>
    loadYaml(yaml, env).models.upstreams.map(({ name, provider }) => `${name}/${provider}`);

  test('come from the environment when the file has none', () => {
    expect(providers({ OPENAI_API_KEY: 'sk-1' })).toEqual(['openai/openai']);
    expect(providers({ OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' })).toEqual(['openai/openai']);
    expect(providers({ ANTHROPIC_API_KEY: 'sk-1' })).toEqual(['anthropic/anthropic']);
    expect(providers({ OPENAI_API_KEY: 'sk-1', ANTHROPIC_API_KEY: 'sk-2' })).toEqual([
      'openai/openai',
      'anthropic/anthropic',
    ]);
    expect(providers({ ANTHROPIC_BASE_URL: 'http://127.0.0.1:1' })).toEqual(['demo/demo']);
  });

  test('of the file stand alone', () => {
    const yaml =
      'upstreams: [{name: mine, provider: openai, base_url: "http://127.0.0.1:1/v1", retries: 0}]\nrouting: {idle_ms: 5000}';
    expect(loadYaml(yaml, { OPENAI_API_KEY: 'sk-1' }).models.upstreams).toEqual([
      {
        name: 'mine',
        provider: 'openai',
        baseUrl: 'http://127.0.0.1:1/v1',
        retriesMax: 0,
        firstByteTimeoutMs: 600_000,
        idleTimeoutMs: 5_000,
      },
    ]);
  });

  test('and routes have names of their own', () => {
    const yaml =
      'upstreams: [{name: a, provider: demo}, {name: a, provider: demo}]\nmodels:\n- &m {name: m, upstream: a, model: x}\n- *m\n';
    const problems = problemsOf(() => loadYaml(yaml));
    expect(problems).toContain('upstreams[1].name is "a"');
    expect(problems).toContain('models[1].name is "m"');
  });

  test('a bad upstream does not make its routes look bad', () => {
    const yaml = 'upstreams: [{name: a, provider: gemini}]\nmodels: [{name: m, upstream: a, model: x}]';
    expect(problemsOf(() => loadYaml(yaml)).split('\n')).toHaveLength(2);
  });
});

test('rules of approval come in their order, with their patterns compiled; a bad pattern stops the start', () => {
  const file = (match: string): string =>
    `approvals:\n  timeout_seconds: 60\n  rules:\n    - { tool: 'files__*', match: '${match}', policy: always }\n    - { tool: '*', policy: never }\n`;
  expect(loadConfig({}, () => file('rm .rf')).approvals).toEqual({
    timeoutSeconds: 60,
    inChat: 'say',
    rules: [
      { tool: 'files__*', match: /rm .rf/u, policy: 'always' },
      { tool: '*', policy: 'never' },
    ],
  });
  expect(() => loadConfig({}, () => file('(rm'))).toThrow(/approvals\.rules\[0\]\.match/);
});

test.each(['10.0.0', '300.0.0.1', '127.1', '10', '1.2.3.4.', 'a.5'])('%s is no host that may be allowed', (entry) => {
  for (const name of ['WEBHOOK_ALLOWED_HOSTS', 'FETCH_ALLOWED_HOSTS'])
    expect(problemsOf(() => load({ [name]: entry }))).toContain(`${name} is "${entry}"`);
});

test.each(['10.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8', 'wiki.local', 'a_b', '1a.b', '5.a', 'LOCALHOST.'])(
  '%s is one, for the guard too',
  (entry) => {
    const { webhookAllowedHosts } = load({ WEBHOOK_ALLOWED_HOSTS: entry }).jobs;
    expect(webhookAllowedHosts).toEqual([entry]);
    expect(createTargets({ webhookAllowedHosts })).toHaveLength(5);
  },
);

describe('what signs webhooks', () => {
  const of = (bytes: number): string => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`;

  test.each([24, 25, 26, 64])('may have %i bytes', (bytes) => {
    expect(load({ WEBHOOK_SECRET: of(bytes) }).jobs.webhookSecret).toBe(of(bytes));
    expect(load({ WEBHOOK_SECRET: of(bytes).slice(6) }).jobs.webhookSecret).toBe(of(bytes).slice(6));
  });

  test.each([of(0), of(18), of(23), of(65), of(68), `${of(24)}!`, of(25).replace('=', '')])('is not %s', (secret) => {
    const problems = problemsOf(() => load({ WEBHOOK_SECRET: secret }));
    expect(problems).toContain('WEBHOOK_SECRET: not usable; expected whsec_ and base64 of 24 to 64 bytes');
  });
});

test.each([
  ['DATABASE_URL', 'postgres://u:50%@h/db'],
  ['DATABASE_URL', 'postgres://u%zz@h/db'],
  ['DATABASE_URL', 'postgres://h/d%b'],
  ['REDIS_URL', 'redis://:50%@h'],
  ['REDIS_URL', 'redis://h/cache'],
  ['REDIS_URL', 'redis://h/1/2'],
])('%s is not %s', (name, value) => {
  const problems = problemsOf(() => load({ [name]: value }));
  expect(problems).toContain(`${name}: not usable; expected a URL that begins with`);
  expect(problems).not.toContain(value);
});

test.each([
  ['DATABASE_URL', 'postgres://u:50%25@h:5/d%20b?sslmode=require'],
  ['DATABASE_URL', 'postgres://h'],
  ['REDIS_URL', 'rediss://u:p%40@h:6380/15'],
  ['REDIS_URL', 'redis://h:1'],
])('%s may be %s', (name, value) => {
  const { store, redis } = load({ [name]: value });
  expect([store.databaseUrl, redis.url]).toContain(value);
});

test('a gateway has an address', () => {
  const file = 'upstreams: [{ name: agents, provider: gateway, api_key: key-of-agents-0123 }]';
  expect(problemsOf(() => loadYaml(file))).toContain('upstreams[0].base_url: the address of the gateway');
});
