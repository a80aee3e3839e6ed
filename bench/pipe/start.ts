import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findRedisServer } from '../../apps/launcher/src/redis/find-redis.js';

export interface Pipe {
  readonly url: string;
  /** By name, as the gateway's services. */
  readonly pids: ReadonlyMap<string, number>;
  readonly children: readonly ChildProcess[];
}

/**
 * The bare pipe: the gateway's architecture and nothing else. One queue, one fenced append per run and turn, one
 * channel, two processes and a Redis that appends to disk; no keys, no validation, no admission, no claim, no recovery,
 * no store. What the gateway needs beyond it is the price of being a gateway, on this machine, in this minute.
 */
export function startPipe(ports: { api: number; redis: number }, upstream: string, data: string): Pipe {
  mkdirSync(data, { recursive: true });
  const redisArguments = [
    '--port',
    String(ports.redis),
    '--bind',
    '127.0.0.1',
    '--dir',
    data,
    '--save',
    '',
    '--auto-aof-rewrite-min-size',
    '256mb',
  ];
  const env = { ...process.env, PORT: String(ports.api), REDIS_PORT: String(ports.redis), UPSTREAM: upstream };
  const node = (file: string): ChildProcess =>
    spawn(process.execPath, [join(import.meta.dirname, file)], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const children = {
    // The gateway needs one as well, and says what to do when there is none.
    redis: spawn(
      findRedisServer(process.env['PATH'] ?? '') ?? 'redis-server',
      [...redisArguments, '--appendonly', 'yes', '--maxmemory-policy', 'noeviction'],
      {
        stdio: 'ignore',
      },
    ),
    api: node('api.js'),
    worker: node('worker.js'),
  };
  return {
    url: `http://127.0.0.1:${ports.api}`,
    pids: new Map(Object.entries(children).map(([name, child]) => [name, child.pid ?? 0])),
    children: Object.values(children),
  };
}
