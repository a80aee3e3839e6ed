import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './ports.js';
import { until } from './until.js';

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Kills the server (SIGKILL) once what it was told is in its file, and starts it again on the same port and data. */
  restart(downMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A private Redis server with the settings that Talaria asks for, on a free port, with its data in a temporary folder.
 */
export async function startRedis(extra: readonly string[] = []): Promise<TestRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'talaria-redis-'));
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''];
  const settings = ['--appendonly', 'yes', '--maxmemory-policy', 'noeviction', ...extra];
  const start = async (): Promise<ChildProcess> => {
    const child = spawn('redis-server', [...args, ...settings], { stdio: 'ignore' });
    await until(() => answers(port), { what: `redis on ${port}` });
    return child;
  };
  let child = await start();
  const kill = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid ?? 0;
    },
    async restart(downMs = 0) {
      // On a slow disk it keeps writes back for up to two seconds while it waits for an fsync.
      await until(() => isWritten(port), { what: `the file of redis on ${port}` });
      await kill();
      await new Promise((resolve) => setTimeout(resolve, downMs));
      child = await start();
    },
    async stop() {
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const answers = (port: number): Promise<boolean> => asked(port, async (redis) => (await redis.ping()) === 'PONG');

const isWritten = (port: number): Promise<boolean> =>
  asked(port, async (redis) => (await redis.info('persistence')).includes('aof_buffer_length:0\r\n'));

async function asked(port: number, question: (redis: Redis) => Promise<boolean>): Promise<boolean> {
  const redis = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return await question(redis);
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}
