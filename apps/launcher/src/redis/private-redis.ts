import { chmodSync, mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endProcess } from '../processes/end-process.js';
import { LaunchError } from '../launch-error.js';
import { identify, isAlive, parseIdentity, type ProcessIdentity } from '../processes/process-identity.js';
import { dataDirOf, probeRedis } from './probe-redis.js';
import type { ChildOrder } from '../processes/supervise.js';

/** A Redis for one data folder and nobody else. */
export interface PrivateRedis {
  readonly url: string;
  readonly order: ChildOrder;
  /** Records the process that serves the folder. Call it after every start. */
  recordPid(pid: number): void;
}

export interface PrivateRedisOptions {
  /** Program: redis-server or valkey-server. */
  readonly server: string;
  /** Absolute path; created when missing. */
  readonly dir: string;
  readonly port: number;
  /** Letters and digits; asked for by the server. Other accounts of this machine can reach its port. */
  readonly password: string;
}

/** Prepares the folder, and records the port before the server exists: see `endLeftover`. */
export function privateRedis({ server, dir, port, password }: PrivateRedisOptions): PrivateRedis {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  const record: ServerRecord = { port, password };
  writeRecord(dir, record);
  const network = ['--port', String(port), '--bind', '127.0.0.1', '--protected-mode', 'yes', '--daemonize', 'no'];
  const durability = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '', ...REWRITES];
  const logFile = join(dir, 'redis.log');
  const memory = ['--maxmemory', `${memoryBytesMax()}`, '--maxmemory-policy', 'noeviction'];
  return {
    url: urlOf(record),
    order: {
      name: 'redis',
      command: server,
      args: ['-', ...network, ...durability, ...memory, '--dir', dir, '--logfile', logFile],
      // Every account can read the arguments of a process.
      input: `requirepass ${password}\n`,
      hint: `see ${logFile}`,
      env: {}, // it needs nothing of ours, least of all the keys
      ipc: false,
      graceMs: STOP_MS_MAX,
    },
    recordPid: (pid) => writeRecord(dir, { ...record, ...identify(pid) }),
  };
}

/**
 * Ends a private Redis that an earlier launcher could not stop because it was killed. Two servers on one append-only
 * file would destroy it, so nothing may start before this resolves. Gives its pid; undefined when there was none.
 *
 * It is known by its process (number and start time), or, when the launcher died before it could write that down, by
 * answering on the recorded port and naming this very folder. SIGTERM, after `stopMsMax` SIGKILL. Throws LaunchError
 * when it does not end.
 */
export async function endLeftover(dir: string, stopMsMax = STOP_MS_MAX): Promise<number | undefined> {
  const record = readRecord(dir);
  const leftover = record && ((await knownByProcess(record)) ?? (await knownByFolder(record, dir)));
  if (!leftover) return undefined;
  if (await endProcess(leftover, stopMsMax)) return leftover.pid;
  throw new LaunchError(`An earlier private Redis (pid ${leftover.pid}) still uses ${dir} and cannot be ended.`);
}

/**
 * The append-only file is written anew when it has doubled, but not below this: from the server's own 64 MB a busy
 * gateway would be at it every 20 s, each time for half a second of CPU. Reading so much at a start takes a few
 * seconds.
 */
const REWRITES = ['--auto-aof-rewrite-min-size', '256mb'];

/** A quarter of the memory that this process may use: Redis needs up to twice as much while it rewrites its file. */
const MEMORY_SHARE = 4;
const MEMORY_BYTES_MIN = 256 * 1_048_576;

function memoryBytesMax(): number {
  // In a container, what the container may use; without a limit, some systems give a number beyond the machine's.
  const limit = process.constrainedMemory();
  const memory = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return Math.max(MEMORY_BYTES_MIN, Math.floor(memory / MEMORY_SHARE));
}

/** Redis writes its append-only file out before it ends. */
const STOP_MS_MAX = 10_000;
const POLL_MS = 20;

/** Stored in the private folder, for a later launcher that finds this server still running. */
interface ServerRecord {
  readonly port: number;
  readonly password?: string;
  readonly process?: ProcessIdentity;
}

async function knownByProcess({ process }: ServerRecord): Promise<ProcessIdentity | undefined> {
  return process && isAlive(process) ? process : undefined;
}

async function knownByFolder(record: ServerRecord, dir: string): Promise<ProcessIdentity | undefined> {
  const url = urlOf(record);
  let probe = await probeRedis(url);
  while (probe.kind === 'loading') {
    await sleep(POLL_MS);
    probe = await probeRedis(url);
  }
  if (probe.kind !== 'up' || probe.facts.pid === undefined) return undefined;
  const theirs = await dataDirOf(url);
  return theirs === realpathSync(dir) ? identify(probe.facts.pid) : undefined;
}

function urlOf({ port, password }: ServerRecord): string {
  return `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`;
}

function recordPath(dir: string): string {
  return join(dir, 'server.json');
}

function writeRecord(dir: string, record: object): void {
  const aside = `${recordPath(dir)}.new`;
  writeFileSync(aside, JSON.stringify(record), { mode: 0o600 });
  renameSync(aside, recordPath(dir));
}

function readRecord(dir: string): ServerRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(recordPath(dir), 'utf8')) as { port?: unknown; password?: unknown };
    const { port, password } = record;
    if (!Number.isInteger(port)) return undefined;
    const process = parseIdentity(record);
    return {
      port: port as number,
      ...(typeof password === 'string' && { password }),
      ...(process && { process }),
    };
  } catch {
    return undefined; // never started here, or the file was cut off before the first start
  }
}
