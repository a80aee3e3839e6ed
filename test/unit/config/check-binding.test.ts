import { randomBytes } from 'node:crypto';
import { ConfigError, isNetworkVisible, loadConfig, readConfig, weakSecrets, type Environment } from '#libs/config';

const LOOPBACK = ['127.0.0.1', '127.8.9.1', '127.1', '::1', '[::1]', 'localhost', 'LOCALHOST', '::ffff:127.0.0.1'];
const VISIBLE = [
  '0.0.0.0',
  '0',
  '::',
  '[::]',
  '10.0.0.5',
  '192.168.1.2',
  'fe80::1',
  '8.8.8.8',
  'my-host',
  'localhost.example',
];
const STRONG = '9c41e07b5d2f86a3f1d04b7e';
const WEAK = [
  'changeme',
  'test',
  'sk-xxx',
  'your-api-key',
  'your-api-key-goes-here',
  '<the-key-of-your-server>',
  'short-but-odd-7',
  'aaaaaaaaaaaaaaaaaaaa',
  'abcabcabcabcabcabcabc',
  'hunter2hunter2hunter2',
  'sk-xxxxxxxxxxxxxxxxxxxxx',
  'sk-proj-xxxxxxxxxxxx-1a2b3c',
  '0123456789abcdef',
  '1234567890123456789',
  'changemechangeme-now',
];

describe('what others can reach', () => {
  test.each(LOOPBACK)('%s is this machine only', (host) => expect(isNetworkVisible(host)).toBe(false));
  test.each(VISIBLE)('%s is not', (host) => expect(isNetworkVisible(host)).toBe(true));
});

describe('the bind guard', () => {
  const cases = [...LOOPBACK, ...VISIBLE].flatMap((host) =>
    [undefined, ...WEAK, STRONG].map((key) => ({ host, key, ok: LOOPBACK.includes(host) || key === STRONG })),
  );

  test.each(cases)('$host with $key: $ok', ({ host, key, ok }) => {
    const problem = refusal({ API_SERVER_HOST: host, API_SERVER_KEY: key });
    if (ok) return expect(problem).toBe('');
    expect(problem).toContain('openssl rand -hex 24');
    return expect(problem).not.toContain(key ?? 'no key');
  });

  test('looks at every key, and at the admin token', () => {
    const env = { API_SERVER_HOST: '0.0.0.0', API_KEYS: `a:${STRONG},bob:changeme`, ADMIN_TOKEN: 'test' };
    expect(refusal(env)).toContain('API key "bob"');
    expect(refusal(env)).toContain('ADMIN_TOKEN: is a placeholder');
  });

  test('guards the store with its token', () => {
    expect(refusal({ STORE_HOST: '0.0.0.0' })).toContain('STORE_TOKEN: missing');
    expect(refusal({ STORE_HOST: '0.0.0.0', STORE_TOKEN: 'test' })).toContain('STORE_TOKEN: is a placeholder');
    expect(refusal({ STORE_HOST: '0.0.0.0', STORE_TOKEN: STRONG })).toBe('');
  });

  test.each([
    ['API_SERVER_HOST', { API_SERVER_KEY: STRONG }],
    ['STORE_HOST', { STORE_TOKEN: STRONG }],
    ['HEALTH_HOST', {}],
  ])('guards the metrics of every address: %s', (setting, guards) => {
    const env = { [setting]: '0.0.0.0', ...guards };
    expect(refusal({ ...env, METRICS_TOKEN: 'changeme' })).toContain(`METRICS_TOKEN: is a placeholder, and ${setting}`);
    expect(refusal({ ...env, METRICS_TOKEN: `1${STRONG}` })).toBe('');
    expect(refusal(env)).toBe('');
  });

  test('takes what openssl makes', () => {
    for (let round = 0; round < 4_000; round += 1) {
      const API_SERVER_KEY = randomBytes(24).toString(round % 2 ? 'hex' : 'base64url');
      expect(refusal({ API_SERVER_HOST: '0.0.0.0', API_SERVER_KEY })).toBe('');
    }
  });
});

describe('pages of any origin', () => {
  test('need a key', () => {
    expect(refusal({ API_SERVER_CORS_ORIGINS: '*' })).toContain('API_SERVER_CORS_ORIGINS: * needs an API key');
    expect(refusal({ API_SERVER_CORS_ORIGINS: 'https://a.example,*' })).toContain('API_SERVER_CORS_ORIGINS');
    expect(refusal({ API_SERVER_CORS_ORIGINS: '*', API_SERVER_KEY: STRONG })).toBe('');
    expect(refusal({ API_SERVER_CORS_ORIGINS: 'https://a.example' })).toBe('');
  });
});

describe('weak secrets on loopback', () => {
  test.each(WEAK)('%s is taken, and named in a warning that does not show it', (weak) => {
    const config = loadConfig(
      { API_KEYS: `bob:${weak}`, ADMIN_TOKEN: `${weak}` === 'test' ? STRONG : 'a' },
      () => undefined,
    );
    const warnings = weakSecrets(config);
    expect(warnings[0]).toMatch(/^API key "bob" (is|has|repeats) /);
    expect(warnings.join()).not.toContain(weak);
  });

  test('strong ones are not spoken of', () => {
    const env = { API_KEYS: `bob:${STRONG}`, ADMIN_TOKEN: `1${STRONG}`, METRICS_TOKEN: `2${STRONG}` };
    expect(weakSecrets(loadConfig(env, () => undefined))).toEqual([]);
  });
});

function refusal(env: Environment): string {
  try {
    loadConfig(env, () => undefined);
    return '';
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.message;
    throw cause;
  }
}

describe('ports on one machine', () => {
  const clash = (env: Environment): boolean => {
    try {
      readConfig({ API_SERVER_KEY: STRONG, STORE_TOKEN: STRONG, ...env }, () => undefined);
      return false;
    } catch (cause) {
      if (cause instanceof ConfigError && cause.message.includes('a port of its own')) return true;
      throw cause;
    }
  };

  test.each<[boolean, Environment]>([
    [true, { STORE_PORT: '8642' }],
    [true, { API_SERVER_PORT: '8645', STORE_URL: 'http://127.0.0.1:8645' }],
    [true, { WORKER_HEALTH_PORT: '9000', SCHEDULER_HEALTH_PORT: '9000' }],
    [true, { STORE_PORT: '8642', API_SERVER_HOST: '0.0.0.0' }],
    [true, { STORE_PORT: '8642', API_SERVER_HOST: '::', STORE_HOST: '10.0.0.5' }],
    [true, { STORE_PORT: '8642', STORE_HOST: 'localhost' }],
    [true, { STORE_PORT: '8642', STORE_HOST: '127.1' }],
    [true, { STORE_PORT: '8642', STORE_HOST: 'my-host' }],
    [false, { STORE_PORT: '8642', STORE_HOST: '127.0.0.2' }],
    [false, { STORE_PORT: '8642', STORE_HOST: '::1' }],
    // Not chosen: npm start takes a free one.
    [false, { API_SERVER_PORT: '8645' }],
    [false, { STORE_PORT: '8650', WORKER_HEALTH_PORT: '8651' }],
  ])('clash: %s of %j', (expected, env) => expect(clash(env)).toBe(expected));

  test('do not matter to services that are started one by one', () => {
    expect(loadConfig({ WORKER_HEALTH_PORT: '9000', SCHEDULER_HEALTH_PORT: '9000' }, () => undefined)).toBeDefined();
  });
});
