import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { checkRedis, waitForRedis, withoutSecrets } from '../../../apps/launcher/src/redis/check-redis.js';
import { findRedisServer } from '../../../apps/launcher/src/redis/find-redis.js';
import { canInstall, installRedis, type Machine } from '../../../apps/launcher/src/redis/install-redis.js';
import { freePorts } from '../../../apps/launcher/src/ports.js';
import { Printer } from '../../../apps/launcher/src/console/print.js';
import { endLeftover, privateRedis } from '../../../apps/launcher/src/redis/private-redis.js';
import { identify } from '../../../apps/launcher/src/processes/process-identity.js';
import { probeRedis } from '../../../apps/launcher/src/redis/probe-redis.js';
import { startRedis } from '../../support/redis.js';
import { until } from '../../support/until.js';

let dir: string;
beforeEach(() => (dir = realpathSync(mkdtempSync(join(tmpdir(), 'talaria-private-')))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const never = new AbortController().signal;
const wait = (url: string, onLoading = (): void => undefined, awayMsMax = 5_000) =>
  waitForRedis({ url, awayMsMax, signal: never, onLoading });

describe('a Redis that is asked about itself', () => {
  test('as Talaria wants it, is taken', async () => {
    const redis = await startRedis(['--maxmemory', '64mb']);
    const facts = await wait(redis.url);
    expect(facts).toMatchObject({
      evictionPolicy: 'noeviction',
      appendOnly: true,
      pid: redis.pid,
      memoryMax: 67_108_864,
    });
    expect(checkRedis(facts)).toEqual([]);
    await redis.stop();
  });

  test('that may throw runs away, is refused', async () => {
    const redis = await startRedis(['--maxmemory-policy', 'allkeys-lru']);
    const facts = await wait(redis.url);
    expect(() => checkRedis(facts)).toThrow('maxmemory-policy allkeys-lru');
    await redis.stop();
  });

  test('that keeps nothing, is warned about', async () => {
    const redis = await startRedis(['--appendonly', 'no']);
    expect(checkRedis(await wait(redis.url))[0]).toContain('append-only');
    await redis.stop();
  });

  test('that may use all memory of its machine, is warned about', async () => {
    const redis = await startRedis();
    expect(checkRedis(await wait(redis.url))).toEqual([expect.stringContaining('no maxmemory')]);
    await redis.stop();
  });

  test.each([
    ['5.0.7', false],
    ['6.0.16', false],
    ['6.2.14', false],
    ['7.0.0', true],
    ['7.0.15', true],
    ['10.0.0', true],
  ])('of version %s is new enough: %s', (version, ok) => {
    const check = (): readonly string[] => checkRedis({ version });
    if (ok) expect(check()).toEqual([]);
    else expect(check).toThrow('too old');
  });

  test('behind a password is told without it', async () => {
    const redis = await startRedis();
    const admin = new Redis(redis.url);
    await admin.config('SET', 'requirepass', 'right');
    admin.disconnect();
    const url = redis.url.replace('//', '//:wrong@');
    await expect(wait(url, undefined, 0)).rejects.toThrow(/^No Redis answers at redis:\/\/127\.0\.0\.1:\d+ /);
    await expect(wait(url, undefined, 0)).rejects.not.toThrow('wrong@');
    expect((await probeRedis(redis.url.replace('//', '//:right@'))).kind).toBe('up');
    expect(withoutSecrets('rediss://me:hush@r.example:1/2')).toBe('rediss://r.example:1/2');
    await redis.stop();
  });

  test('that is not there, is told with the reason', async () => {
    const [port = 0] = await freePorts(1);
    await expect(wait(`redis://127.0.0.1:${port}`, undefined, 0)).rejects.toThrow('ECONNREFUSED');
  });

  test('that loads its data, is waited for however long it takes', async () => {
    const fake = await fakeRedis(['loading:1', 'loading:1', 'loading:1', 'loading:0\r\nredis_version:7.2.0']);
    let told = 0;
    const facts = await wait(`redis://127.0.0.1:${fake.port}`, () => (told += 1), 0);
    expect([facts.version, told]).toEqual(['7.2.0', 1]);
    await fake.close();
  });

  test('is no longer waited for after an abort', async () => {
    const [port = 0] = await freePorts(1);
    const stop = new AbortController();
    const waiting = waitForRedis({
      url: `redis://127.0.0.1:${port}`,
      awayMsMax: 60_000,
      signal: stop.signal,
      onLoading: () => undefined,
    });
    stop.abort();
    await expect(waiting).rejects.toThrow('aborted');
  });
});

describe('a private Redis', () => {
  const server = findRedisServer(process.env['PATH'] ?? '') ?? 'redis-server';

  async function startPrivate(): Promise<{ url: string; pid: number; gone: Promise<unknown>; record: () => void }> {
    const [port = 0] = await freePorts(1);
    const { url, order, recordPid } = privateRedis({ server, dir, port, password: 'p4ssw0rd' });
    const child = spawn(order.command, order.args, { env: {}, stdio: ['pipe', 'ignore', 'ignore'] });
    child.stdin.end(order.input);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    await wait(url);
    const pid = child.pid ?? 0;
    return { url, pid, gone, record: () => recordPid(pid) };
  }

  test('has the settings that Talaria asks for, in its own folder', async () => {
    const { url, gone, record } = await startPrivate();
    record();
    const facts = await wait(url);
    expect(checkRedis(facts)).toEqual([]);
    const redis = new Redis(url);
    expect(await redis.config('GET', 'appendfsync')).toEqual(['appendfsync', 'everysec']);
    expect(facts.memoryMax).toBeGreaterThanOrEqual(268_435_456);
    expect(facts.memoryMax).toBeLessThan(totalmem());
    await redis.set('kept', 'yes');
    redis.disconnect();
    await endLeftover(dir);
    await gone;
    expect(existsSync(join(dir, 'appendonlydir')) || existsSync(join(dir, 'appendonly.aof'))).toBe(true);
    const again = await startPrivate();
    const reader = new Redis(again.url);
    expect(await reader.get('kept')).toBe('yes');
    reader.disconnect();
    again.record();
    await endLeftover(dir);
    await again.gone;
  });

  test('answers nobody without its password, which no argument of a process tells', async () => {
    chmodSync(dir, 0o755);
    const { url, pid, gone, record } = await startPrivate();
    record();
    const stranger = new Redis(url.replace(':p4ssw0rd@', ''));
    stranger.on('error', () => undefined);
    await expect(stranger.info()).rejects.toThrow('NOAUTH');
    stranger.disconnect();
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain('p4ssw0rd');
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(statSync(join(dir, 'server.json')).mode & 0o777).toBe(0o600);
    await endLeftover(dir);
    await gone;
  });

  test('of a launcher that was killed is ended by its recorded process, hung or not', async () => {
    const { pid, gone, record } = await startPrivate();
    record();
    process.kill(pid, 'SIGSTOP');
    expect(await endLeftover(dir, 200)).toBe(pid);
    await gone;
    expect(await endLeftover(dir)).toBeUndefined();
  });

  test('whose pid was never written down is found by port and folder', async () => {
    const { pid, gone } = await startPrivate();
    expect(JSON.parse(readFileSync(join(dir, 'server.json'), 'utf8'))).not.toHaveProperty('pid');
    expect(await endLeftover(dir)).toBe(pid);
    await gone;
  });

  test('is not mistaken for another server or another process', async () => {
    const other = await startRedis();
    const mine = identify(process.pid);
    writeFileSync(join(dir, 'server.json'), JSON.stringify({ port: other.port, pid: process.pid, started: '1' }));
    expect(await endLeftover(dir)).toBeUndefined();
    expect((await probeRedis(other.url)).kind).toBe('up');
    expect(identify(process.pid)).toEqual(mine);
    await other.stop();
  });

  test.each([undefined, '', '{"port":"x"}'])('there is none when the record says %j', async (content) => {
    if (content !== undefined) writeFileSync(join(dir, 'server.json'), content);
    expect(await endLeftover(dir)).toBeUndefined();
  });
});

describe('the installation', () => {
  const debian = 'PRETTY_NAME="Debian GNU/Linux 12"\nNAME="Debian GNU/Linux"\nID=debian\n';
  const machine = (change: Partial<Machine> = {}): Machine => {
    writeFileSync(join(dir, 'apt-get'), '', { mode: 0o755 });
    return { uid: 0, osRelease: debian, path: dir, systemd: false, ...change };
  };

  test.each([
    [{}, true],
    [{ osRelease: 'ID=linuxmint\nID_LIKE="ubuntu debian"\n' }, true],
    [{ osRelease: 'ID=fedora\nNAME="not debian"\n' }, false],
    [{ osRelease: '' }, false],
    [{ uid: 1_000 }, false],
    [{ uid: undefined }, false],
    [{ path: '/none' }, false],
  ] as const)('%j may be tried: %s', (change, ok) => expect(canInstall(machine(change))).toBe(ok));

  async function install(codes: Record<string, number>, systemd: boolean): Promise<{ ran: string[]; text: string }> {
    const ran: string[] = [];
    const out = { text: '', writableLength: 0, write: (line: string) => (out.text += line) };
    const run = (command: string, args: readonly string[]): Promise<number> => {
      ran.push([command, ...args].join(' '));
      return Promise.resolve(codes[command] ?? 0);
    };
    await installRedis(machine({ systemd }), run, new Printer(out, out));
    return { ran, text: out.text };
  }

  test('updates, installs and says so', async () => {
    const { ran, text } = await install({}, false);
    expect(ran).toEqual(['apt-get update', 'apt-get install -y --no-install-recommends redis-server']);
    expect(text).toContain('apt-get');
  });

  test('leaves no service behind that nobody asked for', async () => {
    const { ran, text } = await install({}, true);
    expect(ran.at(-1)).toBe('systemctl disable --now redis-server');
    expect(text).toContain('was stopped and disabled');
    expect((await install({ systemctl: 1 }, true)).text).toContain('WARNING');
  });

  test('fails when apt-get does', async () => {
    await expect(install({ 'apt-get': 100 }, false)).rejects.toThrow('exit code 100');
  });
});

/** Answers every INFO with the next text, the last one for ever, and everything else with OK. */
async function fakeRedis(infos: string[]): Promise<{ port: number; close: () => Promise<unknown> }> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const _command of chunk.toString().match(/^\*\d+/gm) ?? []) {
        const isInfo = /\r\ninfo\r\n/i.test(chunk.toString());
        const text = isInfo ? ((infos.length > 1 ? infos.shift() : infos[0]) ?? '') : 'OK';
        socket.write(isInfo ? `$${text.length}\r\n${text}\r\n` : '+OK\r\n');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await until(() => server.listening);
  return { port, close: () => new Promise((resolve) => server.close(resolve)) };
}
