import { type ChildProcess, execFileSync, spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import pg from 'pg';
import { freePort } from './ports.js';
import { until } from './until.js';

export interface TestPostgres {
  readonly url: string;
  readonly port: number;
  /** A new, empty database on this server. */
  createDatabase(): Promise<string>;
  /** Ends the server (fast shutdown); `start` brings it back on the same port and data. */
  halt(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A private Postgres server on a free port, with its data in a temporary folder. Rejects when none is installed. */
export async function startPostgres(): Promise<TestPostgres> {
  const bin = findPostgres();
  const user = unprivilegedUser();
  const dir = await mkdtemp(join(tmpdir(), 'talaria-postgres-'));
  if (user.uid !== undefined && user.gid !== undefined) await chown(dir, user.uid, user.gid);
  const data = join(dir, 'data');
  const initArgs = ['-D', data, '-U', 'talaria', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  execFileSync(join(bin, 'initdb'), initArgs, { ...user, cwd: dir, stdio: 'pipe' });
  const port = await freePort();
  const url = (database: string): string => `postgres://talaria@127.0.0.1:${port}/${database}`;
  const args = ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='];

  let child: ChildProcess;
  const start = async (): Promise<void> => {
    child = spawn(join(bin, 'postgres'), [...args, '-c', 'fsync=off'], { ...user, cwd: dir, stdio: 'ignore' });
    try {
      await until(() => answers(url('postgres')), { what: `postgres on ${port}` });
    } catch (cause) {
      child.kill('SIGKILL');
      throw cause;
    }
  };
  const halt = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGINT');
    await gone;
  };
  await start();
  let databases = 0;
  return {
    url: url('postgres'),
    port,
    async createDatabase() {
      const name = `test_${++databases}`;
      await withClient(url('postgres'), (client) => client.query(`create database ${name}`));
      return url(name);
    },
    halt,
    start,
    async stop() {
      await halt();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function findPostgres(): string {
  const versions = '/usr/lib/postgresql';
  const debian = existsSync(versions) ? readdirSync(versions).map((version) => join(versions, version, 'bin')) : [];
  const found = [...(process.env['PATH'] ?? '').split(delimiter), ...debian].find(
    (bin) => existsSync(join(bin, 'initdb')) && existsSync(join(bin, 'postgres')),
  );
  if (found === undefined) {
    throw new Error(
      'These tests need a PostgreSQL server: install `postgresql` (initdb and postgres are not on PATH).',
    );
  }
  return found;
}

/** Postgres refuses to run as root; its package makes a user for it. */
function unprivilegedUser(): Pick<SpawnOptions, 'uid' | 'gid'> {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function answers(url: string): Promise<boolean> {
  try {
    await withClient(url, (client) => client.query('select 1'));
    return true;
  } catch {
    return false;
  }
}

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
