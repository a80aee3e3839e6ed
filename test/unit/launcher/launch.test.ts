import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identify } from '../../../apps/launcher/src/processes/process-identity.js';
import { Printer } from '../../../apps/launcher/src/console/print.js';
import { run } from '../../../apps/launcher/src/run.js';
import { EXIT_CONFIG } from '#libs/contract';
import { freePort } from '../../support/ports.js';
import { startRedis } from '../../support/redis.js';
import { until } from '../../support/until.js';

/**
 * A stand-in for every service: writes its start and its end into a journal. All but the scheduler listen and are
 * ready. FAIL_<name> is an exit code to end with at once; DEAF makes it ignore SIGTERM.
 */
const SERVICE = `
  const { appendFileSync } = require('node:fs');
  const name = require('node:path').basename(__filename, '.cjs');
  const env = process.env;
  const say = (what) => appendFileSync(env.JOURNAL, JSON.stringify({ what, name, pid: process.pid, redis: env.REDIS_URL, store: env.STORE_URL }) + '\\n');
  say('start');
  if (env['FAIL_' + name]) process.exit(Number(env['FAIL_' + name]));
  process.on('disconnect', () => process.exit(0));
  process.on('message', (what) => what === 'running?' && name === 'worker' && process.send({ running: Number(env.RUNNING ?? 0) }));
  process.on('SIGTERM', () => { if (env.DEAF) return; say('end'); process.exit(0); });
  const port = { api: env.API_SERVER_PORT, worker: env.WORKER_HEALTH_PORT, store: env.STORE_PORT }[name];
  if (port) require('node:http').createServer((request, response) => {
    response.writeHead(request.url === '/health/ready' ? 200 : 404).end();
  }).listen(port, '127.0.0.1');
  setInterval(() => {}, 1e6);
  console.log(name + ' is up');
`;

interface Entry {
  readonly what: 'start' | 'end';
  readonly name: string;
  readonly pid: number;
  readonly redis: string;
  readonly store: string;
}

interface Launched {
  readonly code: Promise<number>;
  readonly text: () => string;
  readonly stop: AbortController;
  readonly kill: AbortController;
}

let dir: string;
let journal: string;
let port: number;
const launched: Launched[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'talaria-launch-'));
  journal = join(dir, 'journal');
  port = await freePort();
  writeFileSync(journal, '');
  mkdirSync(join(dir, 'services'));
  for (const name of ['api', 'worker', 'scheduler', 'store'])
    writeFileSync(join(dir, 'services', `${name}.cjs`), SERVICE);
});

afterEach(async () => {
  for (const { stop, kill } of launched.splice(0)) {
    stop.abort();
    kill.abort();
  }
  await until(() => entries().every(({ pid }) => !isRunning(pid)), { what: 'the end of every stand-in' });
  rmSync(dir, { recursive: true, force: true });
});

function start(env: Record<string, string> = {}, argv: string[] = []): Launched {
  const out = { text: '', writableLength: 0, write: (line: string) => (out.text += line) };
  const [stop, kill] = [new AbortController(), new AbortController()];
  const code = run(argv, {
    root: process.cwd(),
    printer: new Printer(out, out),
    wishes: { stop: stop.signal, kill: kill.signal },
    entryOf: (service) => join(dir, 'services', `${service}.cjs`),
    env: {
      PATH: process.env['PATH'] ?? '',
      TALARIA_DATA: join(dir, 'data'),
      API_SERVER_PORT: String(port),
      JOURNAL: journal,
      ...env,
    },
  });
  const one = { code, text: () => out.text, stop, kill };
  launched.push(one);
  return one;
}

async function startReady(env: Record<string, string> = {}): Promise<Launched> {
  const one = start(env);
  await until(() => one.text().includes('Talaria is ready'), { what: 'the ready line' });
  return one;
}

function entries(): Entry[] {
  const lines = readFileSync(journal, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Entry);
}

describe('a start', () => {
  test('runs everything with a private Redis, says where, and ends in order', async () => {
    const one = await startReady();
    await until(() => entries().length === 4);
    expect(one.text()).toContain(`Talaria is ready at http://127.0.0.1:${port}/v1`);
    expect(one.text()).toContain('demo model');
    await until(() => one.text().includes('[worker] worker is up\n'));
    const redis = redisRecord();
    const record = JSON.parse(readFileSync(join(dir, 'data', 'services.json'), 'utf8')) as Record<string, Entry>;
    expect(entries().map(({ name }) => [name, record[name]?.pid])).toEqual(
      entries().map(({ name, pid }) => [name, pid]),
    );
    expect(new Set(entries().map((entry) => entry.redis))).toEqual(
      new Set([`redis://:${redis.password}@127.0.0.1:${redis.port}`]),
    );
    expect(new Set(entries().map((entry) => entry.store)).size).toBe(1);
    one.stop.abort();
    expect(await one.code).toBe(0);
    const ends = entries().filter(({ what }) => what === 'end');
    expect(ends.map(({ name }) => name)).toEqual(['api', 'worker', 'scheduler', 'store']);
    expect([...entries().map(({ pid }) => pid), redis.pid].filter(isRunning)).toEqual([]);
  });

  test.each([
    ['0', 'Stopping ...\n'],
    ['1', 'Stopping: 1 answer is running; Ctrl-C again to stop now\n'],
    ['2', 'Stopping: 2 answers are running; Ctrl-C again to stop now\n'],
  ])('that is stopped with %s answers under way says what it waits for', async (running, said) => {
    const one = await startReady({ RUNNING: running });
    await until(() => one.text().includes('[worker] worker is up\n'));
    one.stop.abort();
    expect(await one.code).toBe(0);
    expect(one.text()).toContain(said);
  });

  test('warns of a variable that resembles a setting', async () => {
    const one = await startReady({ OPENAI_BASEURL: 'http://127.0.0.1:1/v1' });
    expect(one.text()).toContain(
      'WARNING: OPENAI_BASEURL is no setting, and nobody reads it. Did you mean OPENAI_BASE_URL?',
    );
  });

  test('says nothing of models when there are some', async () => {
    const one = await startReady({ OPENAI_API_KEY: 'sk-1' });
    expect(one.text()).not.toContain('demo model');
  });

  test('uses the Redis that is named', async () => {
    const redis = await startRedis();
    const one = await startReady({ REDIS_URL: redis.url });
    await until(() => entries().length === 4);
    expect(entries()[0]?.redis).toBe(redis.url);
    one.stop.abort();
    expect(await one.code).toBe(0);
    expect(isRunning(redis.pid)).toBe(true);
    await redis.stop();
  });

  test('ends the services that a killed launcher left behind, and then has their ports', async () => {
    const code = `require('node:http').createServer().listen(${port}, '127.0.0.1', () => console.log('up'))`;
    const orphan = spawn(process.execPath, ['-e', code]);
    await new Promise((resolve) => orphan.stdout.once('data', resolve));
    mkdirSync(join(dir, 'data'));
    const record = { store: { pid: process.pid, started: 'before the last boot' }, api: identify(orphan.pid ?? 0) };
    writeFileSync(join(dir, 'data', 'services.json'), JSON.stringify(record));
    const one = await startReady();
    expect(one.text()).toContain(`Ending the api of an earlier start (pid ${orphan.pid}) ...`);
    expect(one.text()).not.toContain('Ending the store');
    expect(orphan.signalCode).toBe('SIGTERM');
    one.stop.abort();
    expect(await one.code).toBe(0);
  });

  test('can be stopped before it is ready', async () => {
    const one = start();
    one.stop.abort();
    expect(await one.code).toBe(0);
    expect(one.text()).not.toContain('ready');
  });
});

describe('a child that is killed', () => {
  test('is started again, a service as well as the private Redis', async () => {
    const one = await startReady();
    const worker = await until(() => entries().find(({ name }) => name === 'worker'));
    process.kill(worker.pid, 'SIGKILL');
    await until(() => entries().filter(({ name }) => name === 'worker').length === 2);
    expect(one.text()).toContain('worker ended (signal SIGKILL); it starts again in 250 ms');
    const redis = redisRecord();
    process.kill(redis.pid, 'SIGKILL');
    await until(() => redisRecord().pid !== redis.pid);
    expect(redisRecord().port).toBe(redis.port);
    one.stop.abort();
    expect(await one.code).toBe(0);
    expect(isRunning(redisRecord().pid)).toBe(false);
  });
});

describe('a second wish', () => {
  test('does not wait for the deaf', async () => {
    const one = await startReady({ DEAF: '1' });
    await until(() => entries().length === 4);
    one.stop.abort();
    await until(() => one.text().includes('Stopping'));
    one.kill.abort();
    expect(await one.code).toBe(130);
    expect([...entries().map(({ pid }) => pid), redisRecord().pid].filter(isRunning)).toEqual([]);
  });
});

describe('no start', () => {
  test('with settings that are wrong: each is named', async () => {
    const one = start({ API_SERVER_PORT: 'x', MODELS_UNKNOWN: 'y' });
    expect(await one.code).toBe(1);
    expect(one.text()).toContain('API_SERVER_PORT is "x"');
    expect(one.text()).toContain('MODELS_UNKNOWN is "y"');
    expect(one.text()).not.toContain('    at ');
  });

  test('of two services on one port: neither can be taken for the other', async () => {
    const one = start({ STORE_PORT: String(port), MODELS_UNKNOWN: 'y' });
    expect(await one.code).toBe(1);
    expect(one.text()).toContain(`STORE_PORT is "${port}"; expected a port of its own: API_SERVER_PORT is the same`);
    expect(one.text()).toContain('MODELS_UNKNOWN is "y"');
    expect(entries()).toEqual([]);
  });

  test('on a network without a key', async () => {
    const one = start({ API_SERVER_HOST: '0.0.0.0' });
    expect(await one.code).toBe(1);
    expect(one.text()).toContain('openssl rand -hex 24');
  });

  test('on a port that is in use', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const one = start();
    expect(await one.code).toBe(1);
    expect(one.text()).toContain(`Port ${port} on 127.0.0.1 is in use by another program. Set API_SERVER_PORT`);
    await new Promise((resolve) => server.close(resolve));
  });

  test('on a Redis that evicts', async () => {
    const redis = await startRedis(['--maxmemory-policy', 'allkeys-lru']);
    const one = start({ REDIS_URL: redis.url });
    expect(await one.code).toBe(1);
    expect(one.text()).toContain('maxmemory-policy allkeys-lru');
    await redis.stop();
  });

  test('on a data folder that is in use, and the first one goes on', async () => {
    const first = await startReady();
    const second = start({ API_SERVER_PORT: String(await freePort()) });
    expect(await second.code).toBe(1);
    expect(second.text()).toContain(`Talaria already runs on ${join(dir, 'data')} (pid ${process.pid})`);
    expect((await fetch(`http://127.0.0.1:${port}/health/ready`)).status).toBe(200);
    first.stop.abort();
    expect(await first.code).toBe(0);
  });

  test('on a data folder whose holder is on its way out, and says so', async () => {
    const first = await startReady({ DEAF: '1' });
    await until(() => entries().length === 4);
    first.stop.abort();
    await until(() => first.text().includes('Stopping'));
    const second = start({ API_SERVER_PORT: String(await freePort()) });
    expect(await second.code).toBe(1);
    expect(second.text()).toContain(`Talaria on ${join(dir, 'data')} (pid ${process.pid}) is stopping`);
    first.kill.abort();
    expect(await first.code).toBe(130);
  });

  test('when a service cannot use its configuration: everything ends', async () => {
    const one = start({ FAIL_store: String(EXIT_CONFIG) });
    expect(await one.code).toBe(1);
    expect(one.text()).toContain('store cannot use its configuration');
    expect([...entries().map(({ pid }) => pid), redisRecord().pid].filter(isRunning)).toEqual([]);
  });

  test.each([
    ['journal', 'EEXIST'],
    ['journal/data', 'ENOTDIR'],
  ])('on a data folder that is none: %s', async (path, code) => {
    const one = start({ TALARIA_DATA: join(dir, path) });
    expect(await one.code).toBe(1);
    expect(one.text()).toContain(`The data folder ${join(dir, path)} cannot be used (${code})`);
    expect(one.text()).toContain('TALARIA_DATA');
    expect(one.text()).not.toContain('    at ');
  });

  test('of what has not been compiled', async () => {
    rmSync(join(dir, 'services', 'worker.cjs'));
    const one = start();
    expect(await one.code).toBe(1);
    expect(one.text()).toContain('npm run build');
  });
});

describe('words instead of a start', () => {
  test.each([
    [['--help'], 0, 'API_SERVER_PORT'],
    [['--version'], 0, '0.'],
    [['--nonsense'], 2, 'Unknown option "--nonsense"'],
  ])('%j', async (argv, code, text) => {
    const one = start({}, argv);
    expect(await one.code).toBe(code);
    expect(one.text()).toContain(text);
  });
});

function redisRecord(): { pid: number; port: number; password: string } {
  return JSON.parse(readFileSync(join(dir, 'data', 'redis', 'server.json'), 'utf8')) as ReturnType<typeof redisRecord>;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
