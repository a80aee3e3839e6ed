import { randomBytes } from 'node:crypto';
import type { Crew } from '../processes/crew.js';
import { checkRedis, waitForRedis, withoutSecrets } from './check-redis.js';
import { findRedisServer, NO_REDIS } from './find-redis.js';
import { canInstall, commandRunner, installRedis, thisMachine } from './install-redis.js';
import { LaunchError } from '../launch-error.js';
import { freePorts } from '../ports.js';
import type { Printer } from '../console/print.js';
import { endLeftover, privateRedis } from './private-redis.js';
import type { Releases } from './releases.js';

export interface RedisWanted {
  /** REDIS_URL, when somebody set it. */
  readonly named: string | undefined;
  /** Where a private one keeps its data. */
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  /** Asks a person, where one sits in front of a terminal. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined;
  readonly printer: Printer;
  readonly signal: AbortSignal;
  readonly crew: Crew;
  readonly releases: Releases;
}

/**
 * The URL of a Redis that answers and keeps what it is given: the named one, else a private one, for which the server
 * is installed where that can be done. Throws LaunchError when there is none, or when the named one would lose runs.
 */
export async function provideRedis(wanted: RedisWanted): Promise<string> {
  const url = wanted.named ?? (await startPrivate(wanted));
  const { printer, signal } = wanted;
  const onLoading = (): void => printer.line(`Redis at ${withoutSecrets(url)} is loading its data ...`);
  const facts = await waitForRedis({ url, awayMsMax: AWAY_MS_MAX, signal, onLoading });
  for (const warning of checkRedis(facts)) printer.warn(warning);
  return url;
}

const AWAY_MS_MAX = 10_000;

async function startPrivate({ dir, env, confirm, printer, signal, crew, releases }: RedisWanted): Promise<string> {
  const server = await findOrInstall({ env, confirm, printer, signal });
  const leftover = await endLeftover(dir);
  if (leftover !== undefined) printer.line(`Ended the private Redis of an earlier start (pid ${leftover}).`);
  const [port = 0] = await freePorts(1);
  signal.throwIfAborted();
  const redis = privateRedis({ server, dir, port, password: randomBytes(24).toString('hex') });
  const child = crew.start(redis.order, (pid) => redis.recordPid(pid));
  releases.add(() => child.stop());
  return redis.url;
}

async function findOrInstall({
  env,
  confirm,
  printer,
  signal,
}: Pick<RedisWanted, 'env' | 'confirm' | 'printer' | 'signal'>): Promise<string> {
  const path = env['PATH'] ?? '';
  const found = findRedisServer(path);
  if (found !== undefined) return found;
  const machine = thisMachine(path);
  if (!canInstall(machine)) throw new LaunchError(NO_REDIS);
  if (confirm && !(await confirm('Redis is not installed. Install redis-server with apt-get?'))) {
    throw new LaunchError(NO_REDIS);
  }
  await installRedis(machine, commandRunner(printer, env, signal), printer);
  const installed = findRedisServer(path);
  if (installed === undefined) throw new LaunchError(NO_REDIS);
  return installed;
}
