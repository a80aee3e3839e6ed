import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { putEmptyDatabase } from '../support/pglite.js';
import { freePort } from '../support/ports.js';
import { startRedis } from '../support/redis.js';
import { until } from '../support/until.js';
import { inherited } from '../support/processes.js';

/** `npm start` after the build: the compiled launcher with everything it starts. */
interface Launched {
  readonly pid: number;
  readonly url: string;
  readonly output: () => string;
  readonly exit: Promise<number | null>;
  send(signal: NodeJS.Signals): void;
}

const MAIN = join(import.meta.dirname, '../../dist/apps/launcher/src/main.js');
const SERVICES = ['api', 'scheduler', 'store', 'worker'];

let dir: string;
const launched: { process: ChildProcess; exit: Promise<unknown> }[] = [];
let started: Set<number>;
let first = true;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'talaria-e2e-'));
  started = new Set();
});

afterEach(async () => {
  for (const { process: child, exit } of launched.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) childrenOf(child.pid ?? 0);
    child.kill('SIGKILL');
    await exit;
  }
  for (const pid of started) if (commandOf(pid) !== '') process.kill(pid, 'SIGKILL');
  await gone([...started]);
  rmSync(dir, { recursive: true, force: true });
});

/** On a folder with an empty database; the first test makes its own, as a first start does. */
async function start(env: Record<string, string> = {}, args: string[] = []): Promise<Launched> {
  const pglite = join(dir, 'data/pglite');
  if (!first && !existsSync(pglite)) await putEmptyDatabase(pglite);
  first = false;
  const port = await freePort();
  const settings = {
    TALARIA_DATA: join(dir, 'data'),
    TALARIA_CONFIG: '',
    API_SERVER_PORT: String(port),
    DRAIN_SECONDS: '2',
  };
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...inherited(), LOG_LEVEL: 'warn', ...settings, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exit = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  launched.push({ process: child, exit });
  const url = `http://127.0.0.1:${settings.API_SERVER_PORT}`;
  return { pid: child.pid ?? 0, url, output: () => output, exit, send: (signal) => void child.kill(signal) };
}

async function startReady(env: Record<string, string> = {}): Promise<Launched> {
  const one = await start(env);
  try {
    await until(() => one.output().includes('Talaria is ready at'), { ms: 40_000, what: 'the ready line' });
  } catch (cause) {
    throw new Error(`not ready; it said:\n${one.output()}`, { cause });
  }
  return one;
}

/** The launcher's children, by the name of the service. */
function children(one: Launched): Map<string, number> {
  return childrenOf(one.pid);
}

function childrenOf(launcher: number): Map<string, number> {
  const pids = readFileSync(`/proc/${launcher}/task/${launcher}/children`, 'utf8')
    .split(' ')
    .filter(Boolean)
    .map(Number);
  for (const pid of pids) started.add(pid);
  return new Map(pids.map((pid) => [nameOf(pid), pid]));
}

function nameOf(pid: number): string {
  const command = commandOf(pid);
  return (
    /apps\/(\w+)\/src\/main\.js/.exec(command)?.[1] ?? (/redis-server|valkey-server/.exec(command) ? 'redis' : command)
  );
}

/** Empty when there is no such process, or only what is left of it. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function gone(pids: readonly number[]): Promise<unknown> {
  return until(() => pids.every((pid) => commandOf(pid) === ''), { ms: 30_000, what: `the end of ${pids.join(', ')}` });
}

async function status(url: string): Promise<number> {
  const response = await fetch(url);
  await response.body?.cancel();
  return response.status;
}

test('starts everything, keeps it running, and ends everything', async () => {
  const one = await startReady();
  expect(one.output()).toContain(`Talaria is ready at ${one.url}/v1`);
  expect(one.output().match(/no API key is set/g)).toHaveLength(1);
  expect(one.output()).not.toContain('a duty failed');
  expect(await status(`${one.url}/health`)).toBe(200);
  expect([...children(one).keys()].sort()).toEqual(['api', 'redis', ...SERVICES.slice(1)].sort());

  const worker = children(one).get('worker') ?? 0;
  process.kill(worker, 'SIGKILL');
  await until(() => ![undefined, worker].includes(children(one).get('worker')), { what: 'another worker' });
  expect(one.output()).toContain('worker ended (signal SIGKILL); it starts again');
  expect(await status(`${one.url}/health`)).toBe(200);

  one.send('SIGTERM');
  expect(await one.exit).toBe(0);
  expect([...started].filter((pid) => commandOf(pid) !== '')).toEqual([]);
});

test('an answer comes all the way from the demo model', async () => {
  const one = await startReady();
  const response = await fetch(`${one.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'talaria', messages: [{ role: 'user', content: 'Hello' }] }),
  });
  const body = (await response.json()) as { choices: { message: { content: string } }[] };
  expect([response.status, (body.choices[0]?.message.content ?? '').length > 0]).toEqual([200, true]);
  children(one);
  one.send('SIGINT');
  expect(await one.exit).toBe(0);
});

test('killed, it takes its services along, and the next start ends its Redis first', async () => {
  const first = await startReady();
  const before = children(first);
  first.send('SIGKILL');
  await first.exit;
  await gone(SERVICES.map((name) => before.get(name) ?? 0));
  const redis = before.get('redis') ?? 0;
  expect(nameOf(redis)).toBe('redis');

  const second = await startReady();
  expect(second.output()).toContain(`Ended the private Redis of an earlier start (pid ${redis})`);
  expect(commandOf(redis)).toBe('');
  children(second);
  second.send('SIGTERM');
  expect(await second.exit).toBe(0);
});

describe('does not start', () => {
  test('a second time on one data folder', async () => {
    const first = await startReady();
    children(first);
    const second = await start();
    expect(await second.exit).toBe(1);
    expect(second.output()).toContain(`Talaria already runs on ${join(dir, 'data')} (pid ${first.pid})`);
    expect(await status(`${first.url}/health`)).toBe(200);
    first.send('SIGTERM');
    expect(await first.exit).toBe(0);
  });

  test('on a port that is in use', async () => {
    const port = await freePort();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const one = await start({ API_SERVER_PORT: String(port) });
    expect(await one.exit).toBe(1);
    expect(one.output()).toContain(`Port ${port} on 127.0.0.1 is in use`);
    await new Promise((resolve) => server.close(resolve));
  });

  test.each([
    [{ API_SERVER_PORT: 'eighty' }, 'API_SERVER_PORT is "eighty"; expected a whole number'],
    [{ API_SERVER_HOST: '0.0.0.0' }, 'API_SERVER_KEY: missing'],
    [{ API_SERVER_HOST: '0.0.0.0', API_SERVER_KEY: 'changeme' }, 'is a placeholder'],
    [{ TALARIA_CONFIG: '/none/such.yaml' }, 'TALARIA_CONFIG is "/none/such.yaml"'],
  ])('with %j', async (env, message) => {
    const one = await start(env as Record<string, string>);
    expect(await one.exit).toBe(1);
    expect(one.output()).toContain(message);
    expect(one.output()).not.toMatch(/^ +at /m);
  });

  test('on a Redis that may throw runs away', async () => {
    const redis = await startRedis(['--maxmemory-policy', 'allkeys-lru']);
    const one = await start({ REDIS_URL: redis.url });
    expect(await one.exit).toBe(1);
    expect(one.output()).toContain('maxmemory-policy allkeys-lru');
    await redis.stop();
  });

  test('with an option that it does not know', async () => {
    const one = await start({}, ['--nonsense']);
    expect(await one.exit).toBe(2);
    expect(one.output()).toContain('--help');
  });
});

test('npm start builds nothing when nothing changed', () => {
  const start = join(import.meta.dirname, '../../scripts/start.mjs');
  const { stdout, status: code } = spawnSync(process.execPath, [start, '--version'], {
    env: inherited(),
    encoding: 'utf8',
  });
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
});
