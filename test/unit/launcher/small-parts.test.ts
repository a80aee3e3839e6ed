import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, readConfig } from '#libs/config';
import { nodeProblem } from '../../../apps/launcher/src/check-node.js';
import { findProgram, findRedisServer, NO_REDIS } from '../../../apps/launcher/src/redis/find-redis.js';
import { helpText, parseOptions } from '../../../apps/launcher/src/options.js';
import { freePorts, requireFreePort } from '../../../apps/launcher/src/ports.js';
import { Printer } from '../../../apps/launcher/src/console/print.js';
import { Releases } from '../../../apps/launcher/src/redis/releases.js';
import { envOf, serviceEnv, SERVICES } from '../../../apps/launcher/src/processes/services.js';
import { listenForStop } from '../../../apps/launcher/src/processes/stop-signals.js';
import { watchCode } from '../../../apps/launcher/src/watch.js';
import { until } from '../../support/until.js';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'talaria-launcher-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test.each([
  ['20.19.0', true],
  ['20.20.2', true],
  ['24.0.0', true],
  ['20.18.9', false],
  ['18.20.0', false],
])('Node.js %s is new enough: %s', (version, ok) => {
  expect(nodeProblem(version) === undefined).toBe(ok);
});

describe('options', () => {
  test.each([
    [[], { kind: 'run', watch: false }],
    [['--watch'], { kind: 'run', watch: true }],
    [['--watch', '--help'], { kind: 'help' }],
    [['-v'], { kind: 'version' }],
    [['--help', '--hlep'], { kind: 'bad', message: 'Unknown option "--hlep". Try --help.' }],
  ])('%j', (argv, options) => expect(parseOptions(argv)).toEqual(options));

  test('the help names every setting with its default', () => {
    expect(helpText()).toMatch(/API_SERVER_PORT +port to listen on \(default 8642\)/);
    expect(helpText()).toMatch(/API_SERVER_KEY\[_FILE] /);
  });
});

describe('the printer', () => {
  const sink = (writableLength = 0) => ({
    text: '',
    writableLength,
    write: function (text: string) {
      this.text += text;
    },
  });

  test('puts the name before whole lines, however they arrive', () => {
    const out = sink();
    const lines = new Printer(out, out).prefixed('api');
    const bytes = Buffer.from('one\r\ntwo ü\nthree');
    for (const byte of bytes) lines.write(Buffer.from([byte]));
    expect(out.text).toBe('[api] one\n[api] two ü\n');
    lines.end();
    expect(out.text).toBe('[api] one\n[api] two ü\n[api] three\n');
  });

  test('holds no endless line', () => {
    const out = sink();
    const lines = new Printer(out, out).prefixed('api');
    lines.write(Buffer.alloc(100_000, 'a'));
    expect(out.text.length).toBe(100_000 + '[api] \n'.length);
  });

  test('drops lines that nobody reads, and says how many', () => {
    const out = sink(10_000_000);
    const lines = new Printer(out, out).prefixed('api');
    lines.write(Buffer.from('a\nb\n'));
    out.writableLength = 0;
    lines.write(Buffer.from('c\n'));
    expect(out.text).toBe('[launcher] 2 lines were dropped: nobody read them\n[api] c\n');
  });
});

describe('ports', () => {
  test('are free and all different', async () => {
    const ports = await freePorts(5);
    expect(new Set(ports).size).toBe(5);
    for (const port of ports) await requireFreePort({ setting: 'X', host: '127.0.0.1', port });
  });

  test('that are in use are told with their setting', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const wanted = { setting: 'API_SERVER_PORT', host: '127.0.0.1', port };
    await expect(requireFreePort(wanted)).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use`);
    await new Promise((resolve) => server.close(resolve));
    await requireFreePort(wanted);
  });

  test('on an address of another machine cannot be opened', async () => {
    const wanted = { setting: 'API_SERVER_PORT', host: '192.0.2.1', port: 8_642 };
    await expect(requireFreePort(wanted)).rejects.toThrow('does not have that address');
  });
});

describe('the search for a server', () => {
  test('finds programs only, and redis before valkey', () => {
    const [a, b] = [join(dir, 'a'), join(dir, 'b')];
    for (const folder of [a, b]) mkdirSync(folder);
    writeFileSync(join(a, 'valkey-server'), '', { mode: 0o755 });
    writeFileSync(join(a, 'redis-server'), '', { mode: 0o644 });
    mkdirSync(join(b, 'redis-server'));
    expect(findRedisServer(`${a}:${b}:/none`)).toBe(join(a, 'valkey-server'));
    rmSync(join(b, 'redis-server'), { recursive: true });
    writeFileSync(join(b, 'redis-server'), '', { mode: 0o755 });
    expect(findRedisServer(`${a}::${b}`)).toBe(join(b, 'redis-server'));
    expect(findProgram(['none'], a)).toBeUndefined();
  });

  test.each(['macOS', 'Debian', 'Fedora', 'Windows', 'Docker'])('its failure has a line for %s', (system) => {
    expect(NO_REDIS).toMatch(new RegExp(`^ {2}${system}`, 'm'));
  });
});

describe('the environment of the services', () => {
  const wiring = {
    redisUrl: 'redis://127.0.0.1:7000',
    ports: { store: 7_001, worker: 7_002, scheduler: 7_003 },
    storeToken: 't',
  };
  const of = (env: Record<string, string>) =>
    serviceEnv(
      env,
      readConfig(env, () => undefined),
      wiring,
    );

  test('has what the launcher decided', () => {
    expect(of({ A: 'b' })).toEqual({
      A: 'b',
      REDIS_URL: 'redis://127.0.0.1:7000',
      STORE_PORT: '7001',
      STORE_URL: 'http://127.0.0.1:7001',
      STORE_TOKEN: 't',
      DRAIN_DELAY_SECONDS: '0',
      DRAIN_SECONDS: '5',
      WORKER_HEALTH_PORT: '7002',
      SCHEDULER_HEALTH_PORT: '7003',
      TALARIA_PARENT: '1',
    });
  });

  test('chats belong to whom the page belongs to where there is no key', () => {
    const withChats = { ...wiring, ports: { ...wiring.ports, messenger: 7_004 } };
    const chats = (env: Record<string, string>) =>
      serviceEnv(
        env,
        readConfig(env, () => undefined),
        withChats,
      );
    expect(chats({})).toMatchObject({ TELEGRAM_KEY: 'local', SLACK_KEY: 'local', DISCORD_KEY: 'local' });
    expect(chats({ TELEGRAM_KEY: 'me' })).toMatchObject({ TELEGRAM_KEY: 'me', SLACK_KEY: 'local' });
    expect(chats({ API_KEYS: 'ann:ann-key-0123456789abcdef' })).not.toHaveProperty('TELEGRAM_KEY');
  });

  test('keeps what somebody set', () => {
    const env = { STORE_PORT: '9', STORE_TOKEN: 'mine', WORKER_HEALTH_PORT: '10' };
    expect(of(env)).toMatchObject({ ...env, STORE_URL: 'http://127.0.0.1:9', SCHEDULER_HEALTH_PORT: '7003' });
    expect(of({ STORE_URL: 'http://127.0.0.1:8645' })).toMatchObject({ STORE_PORT: '8645' });
  });

  test('is one that the services can load', () => {
    const env = of({ REDIS_URL: 'redis://r:1' });
    expect(readConfig(env, () => undefined).config).toMatchObject({
      redis: { url: 'redis://r:1' },
      store: { port: 7_001, url: 'http://127.0.0.1:7001', token: 't' },
      worker: { healthPort: 7_002, schedulerHealthPort: 7_003 },
    });
  });
});

describe('the secrets of one service', () => {
  const key = (letter: string): string => `${letter}3f9b0c27d41e8a65`;
  const HOOK = `whsec_${Buffer.alloc(24, 'hook').toString('base64')}`;
  const SECRETS = {
    API_SERVER_KEY: key('a'),
    API_KEYS: `ops:${key('b')}, dev:${key('c')}:x`,
    ADMIN_TOKEN: key('d'),
    WEBHOOK_SECRET: HOOK,
    DATABASE_URL: `postgres://u:${key('f')}@127.0.0.1/t`,
    OPENAI_API_KEY: key('h'),
    OPS_KEY: key('i'),
    UP_KEY_FILE: `/secrets/${key('j')}`,
    MCP_TOKEN: key('k'),
    DB_PASSWORD: key('l'),
    TELEGRAM_BOT_TOKEN: `123456:${key('m')}`,
    SLACK_BOT_TOKEN: `xoxb-${key('n')}`,
    SLACK_APP_TOKEN: `xapp-${key('o')}`,
    SLACK_SIGNING_SECRET: key('p'),
    DISCORD_BOT_TOKEN: `${key('q')}.${key('q')}`,
  };
  const env = { PATH: '/bin', ...SECRETS, API_SERVER_HOST: '0.0.0.0', METRICS_TOKEN: key('g') };
  const settings = `
auth: { keys: [{ name: ops, role: admin, max_queued: 7 }, { name: one, key_env: OPS_KEY }] }
upstreams: [{ name: up, provider: openai, api_key_env: UP_KEY }]
models: [{ name: m, upstream: up, model: m }]
mcp_servers:
  - { name: web, url: 'https://mcp.example', token_env: MCP_TOKEN }
  - { name: db, command: db, env_from: [DB_PASSWORD, PATH] }`;
  const readFile = (file: string) => (path: string) => (path.startsWith('/secrets/') ? path.slice(9) : file);
  const read = (given: NodeJS.ProcessEnv, file = settings) => readConfig(given, readFile(file));
  const KEPT: Partial<Record<(typeof SERVICES)[number], string[]>> = {
    api: ['API_SERVER_KEY', 'API_KEYS', 'ADMIN_TOKEN', 'WEBHOOK_SECRET', 'OPS_KEY'],
    scheduler: ['WEBHOOK_SECRET'],
    worker: ['OPENAI_API_KEY', 'UP_KEY_FILE', 'MCP_TOKEN', 'DB_PASSWORD'],
    store: ['DATABASE_URL'],
    messenger: [
      'TELEGRAM_BOT_TOKEN',
      'SLACK_BOT_TOKEN',
      'SLACK_APP_TOKEN',
      'SLACK_SIGNING_SECRET',
      'DISCORD_BOT_TOKEN',
    ],
  };

  test.each([...SERVICES, 'messenger'] as const)(
    '%s has those that it reads, and settings that it can load',
    (service) => {
      const own = envOf(service, env, read(env));
      const kept = Object.entries(SECRETS).filter(([name, value]) => own[name] === value);
      expect(kept.map(([name]) => name)).toEqual(KEPT[service]);
      const text = JSON.stringify(own);
      for (const part of [HOOK, ...[...'abcdfhijklmnopq'].map(key)]) {
        expect(text.includes(part)).toBe(JSON.stringify(kept).includes(part));
      }
      const { auth, metrics } = loadConfig(own, readFile(settings), service);
      expect(own['PATH']).toBe('/bin');
      expect(auth.keys.map(({ name, role }) => [name, role])).toEqual(
        service === 'api'
          ? [
              ['default', 'user'],
              ['ops', 'admin'],
              ['dev', 'user'],
              ['one', 'user'],
            ]
          : [],
      );
      expect(auth.limits).toEqual([{ name: 'ops', queuedMax: 7 }]);
      expect(metrics.token).toBe(key('g'));
    },
  );

  test('a variable for an MCP server stays', () => {
    const file = 'mcp_servers: [{ name: db, command: db, env_from: [DATABASE_URL] }]';
    const given = { DATABASE_URL: SECRETS.DATABASE_URL };
    expect(envOf('worker', { ...given, API_SERVER_KEY: '' }, read(given, file))).toEqual(given);
    expect(envOf('api', given, read(given, file))).toEqual({});
  });
});

describe('stop signals', () => {
  test('one wish may arrive twice, a second one kills', () => {
    const listeners = new Map<string, () => void>();
    let now = 1_000;
    const { stop, kill } = listenForStop(
      (signal, listener) => listeners.set(signal, listener),
      () => now,
    );
    expect([...listeners.keys()]).toEqual(['SIGINT', 'SIGTERM', 'SIGHUP']);
    expect([stop.aborted, kill.aborted]).toEqual([false, false]);
    listeners.get('SIGINT')?.();
    now += 100;
    listeners.get('SIGINT')?.();
    expect([stop.aborted, kill.aborted]).toEqual([true, false]);
    now += 1_000;
    listeners.get('SIGTERM')?.();
    expect(kill.aborted).toBe(true);
  });
});

describe('releases', () => {
  test('come last first, and a failing one does not keep the others', async () => {
    const seen: unknown[] = [];
    const releases = new Releases();
    releases.add(() => seen.push('first'));
    releases.add(() => Promise.reject(new Error('no')));
    releases.add(async () => {
      await Promise.resolve();
      seen.push('last');
    });
    await releases.all((cause) => seen.push((cause as Error).message));
    await releases.all(() => seen.push('again'));
    expect(seen).toEqual(['last', 'no', 'first']);
  });
});

describe('watching compiled code', () => {
  test('a burst of changes is one change, and the launcher’s own are none', async () => {
    for (const folder of ['libs/a', 'apps/api', 'apps/launcher']) mkdirSync(join(dir, folder), { recursive: true });
    let changes = 0;
    const end = watchCode(
      dir,
      () => (changes += 1),
      () => undefined,
    );
    const write = (file: string): void => writeFileSync(join(dir, file), String(changes));
    write('apps/launcher/a.js');
    write('libs/a/a.d.ts');
    for (const file of ['libs/a/a.js', 'libs/a/b.js', 'apps/api/c.js']) write(file);
    await until(() => changes > 0);
    write('apps/launcher/a.js');
    write('apps/api/d.js');
    await until(() => changes > 1);
    expect(changes).toBe(2);
    end();
  });
});
