import { GatewayError } from '#libs/contract';
import { Redis } from 'ioredis';
import type { Duplex } from 'node:stream';
import { ADMISSION_SCRIPTS } from '../scripts/admission-scripts.js';
import { redisKeys, type RedisKeys } from '../keys.js';
import type { Script } from '../scripts/script.js';
import { ORDER_SCRIPTS } from '../scripts/order-scripts.js';
import { JOB_SCRIPTS } from '../scripts/job-scripts.js';
import { POOL_SCRIPTS } from '../scripts/pool-scripts.js';
import { RUN_LOG_SCRIPTS } from '../scripts/run-scripts.js';
import { checkServer } from './server-check.js';

/**
 * `api`: fails fast, because a client waits. `worker`: waits for Redis as long as it takes, because a run waits
 * (its appends are idempotent, so sending them again after a reconnect is safe). `subscriber`: for pub/sub only.
 */
export type RedisRole = 'api' | 'worker' | 'subscriber';

export interface RedisConnection {
  readonly redis: Redis;
  readonly keys: RedisKeys;
  readonly url: string;
  readonly role: RedisRole;
  /**
   * Resolves when Redis takes writes. Rejects with GatewayError `queue_unavailable` after two seconds. Rejects at once
   * when the server is out of memory, a replica, or unable to write its append-only file: such a server answers PING,
   * but no run could be opened. Also rejects, naming the reason, while the server's settings could lose runs.
   */
  ping(): Promise<void>;
  /**
   * Told at every look whether the server may be used, and at once if that is known: nothing is fetched from one that
   * may not. Never told by role `subscriber`.
   */
  onFitness(listener: (isFit: boolean) => void): void;
  /** Flushes the commands of this event-loop turn now. Call it when no further command is coming. */
  sendNow(): void;
  close(): void;
}

/**
 * A command of the `api` role is given up after this time, because an unreachable Redis would hang requests for ever.
 */
const COMMAND_TIMEOUT_MS = 2_000;
const RECONNECT_MS_MAX = 2_000;

/**
 * A socket that owes a reply and has been silent for so long is given up. A host that vanishes sends no reset, and the
 * kernel would wait for a quarter of an hour. A healthy server answers everything but a blocking command in less.
 */
const SILENCE_MS_MAX = 5_000;
/** BullMQ's workers block for up to ten seconds, and their other commands have the same settings. */
const BLOCKING_SILENCE_MS_MAX = 12_000;
/** An idle connection owes no reply, so nothing would tell that its server has gone. */
const HEARTBEAT_MS = 3_000;

/** Reconnect delay of all our connections: 100 ms, doubling to 2 s. ioredis' and BullMQ's own grow to 20 s. */
export const reconnectDelay = (times: number): number => Math.min(100 * 2 ** Math.min(times - 1, 10), RECONNECT_MS_MAX);

/**
 * Opens a connection in the background. Never throws and never gives up.
 * @param onError called at every connection error; the connection keeps trying.
 * @param onUnfit called with the reasons why the server would lose runs, once after each connect.
 * @param onRisk called with what an operator should repair on a usable server, once per risk.
 */
export function connectRedis(settings: {
  url: string;
  prefix: string;
  role: RedisRole;
  onError?: (error: Error) => void;
  onUnfit?: (why: string) => void;
  onRisk?: (warning: string) => void;
}): RedisConnection {
  const { url, prefix, role, onError, onUnfit, onRisk } = settings;
  const redis = new Redis(url, { ...redisOptions(role), connectionName: `talaria-${role}` });
  const keys = redisKeys(prefix);
  redis.on('error', (error: Error) => onError?.(error));
  if (role !== 'subscriber') redis.on('ready', () => teach(redis));
  const server =
    role === 'subscriber'
      ? undefined
      : checkServer(redis, { onUnfit: (why) => onUnfit?.(why), onRisk: (risk) => onRisk?.(risk) });
  const sendNow = gatherWrites(redis);
  const heartbeat = setInterval(() => {
    if (redis.status === 'ready') redis.ping().catch(() => undefined); // What it does to the socket is what matters.
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return {
    redis,
    keys,
    url,
    role,
    async ping() {
      const written = withinDeadline(redis.set(keys.writable, '1', 'PX', 1_000), COMMAND_TIMEOUT_MS);
      written.catch(() => undefined);
      // First what is known to be wrong: a replica or a node of a cluster refuses the write without saying so.
      await withinDeadline(server?.assertFit() ?? Promise.resolve(), COMMAND_TIMEOUT_MS);
      await written;
    },
    onFitness: (listener) => server?.onFitness(listener),
    sendNow,
    close() {
      clearInterval(heartbeat);
      server?.close();
      redis.disconnect();
    },
  };
}

/**
 * Sends all commands of one event-loop turn in one system call, and receives their replies in the same way. Opening a
 * run takes five commands, and system calls are most of a command's cost, here and in Redis. Each command keeps its own
 * promise. An ioredis pipeline would have a single promise, and would copy every command of the client.
 * @returns a function that sends the gathered commands at once.
 */
function gatherWrites(redis: Redis): () => void {
  const send = redis.sendCommand.bind(redis);
  let corked: Duplex | undefined;
  let atEndOfTurn: NodeJS.Immediate | undefined;
  const sendNow = (): void => {
    clearImmediate(atEndOfTurn);
    const socket = corked;
    corked = undefined;
    socket?.uncork();
  };
  redis.sendCommand = (command, stream) => {
    const socket: Duplex | undefined = redis.stream;
    if (socket !== undefined && socket !== corked) {
      sendNow();
      corked = socket;
      socket.cork();
      atEndOfTurn = setImmediate(sendNow);
    }
    return send(command, stream);
  };
  return sendNow;
}

interface ConnectionSettings {
  readonly retryStrategy: (times: number) => number;
  readonly connectTimeout: number;
  readonly keepAlive: number;
  readonly socketTimeout: number;
  readonly reconnectOnError: (error: Error) => false | 2;
  readonly maxRetriesPerRequest: number | null;
  readonly enableOfflineQueue?: boolean;
  readonly commandTimeout?: number;
}

/** The settings of the connections that BullMQ's workers open themselves. */
export const blockingOptions = (): ConnectionSettings => ({
  ...redisOptions('worker'),
  socketTimeout: BLOCKING_SILENCE_MS_MAX,
});

/** The settings of a role. */
function redisOptions(role: RedisRole): ConnectionSettings {
  const every = {
    retryStrategy: reconnectDelay,
    connectTimeout: 2_000,
    keepAlive: 10_000,
    socketTimeout: SILENCE_MS_MAX,
    // After a failover the old primary answers READONLY to writes: reconnect, and send again.
    reconnectOnError: (error: Error): false | 2 => (error.message.startsWith('READONLY') ? 2 : false),
  };
  if (role !== 'api') return { ...every, maxRetriesPerRequest: null };
  return { ...every, maxRetriesPerRequest: 1, enableOfflineQueue: false, commandTimeout: COMMAND_TIMEOUT_MS };
}

/** Rejects with GatewayError `queue_unavailable` when the work fails or takes longer than `ms` (default 2.5 s). */
export async function withinDeadline<T>(work: Promise<T>, ms = 2_500): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable(new Error(`no answer within ${ms} ms`))), ms);
  });
  try {
    return await Promise.race([work, late]);
  } catch (cause) {
    throw cause instanceof GatewayError ? cause : unavailable(cause);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Like `withinDeadline` on a connection of the role `api`. A worker waits as long as Redis is away, because its run
 * waits too: its calls fail with the same error, but only when Redis refuses them.
 */
export function inTime<T>({ role }: RedisConnection, work: Promise<T>): Promise<T> {
  return role === 'api' ? withinDeadline(work) : withoutDeadline(work);
}

/** Rejects with GatewayError `queue_unavailable` when Redis refuses a command, or leaves a single one unanswered. */
export function withoutDeadline<T>(work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    throw cause instanceof GatewayError ? cause : unavailable(cause);
  });
}

/** The error that a client gets when Redis failed. */
export function unavailable(cause: unknown): GatewayError {
  return new GatewayError('queue_unavailable', 'The run queue is not available. Try again shortly.', {
    cause,
    retryAfterSeconds: 2,
  });
}

export type ScriptCall = readonly [script: Script, keys: readonly string[], args: readonly (string | number)[]];

/**
 * Runs scripts by their digest, all sent without waiting for replies. The replies come in the order of the calls, an
 * Error in place of a failed one. A server that does not know a script, because it was restarted, gets its source, and
 * those calls are repeated.
 */
export async function runScripts(redis: Redis, calls: readonly ScriptCall[]): Promise<unknown[]> {
  const replies = await sendScripts(redis, calls);
  const unknown = replies.flatMap((reply, i) => (isNoScript(reply) ? [i] : []));
  if (unknown.length === 0) return replies;
  const sources = new Set(unknown.map((i) => calls[i]?.[0].source ?? ''));
  await Promise.all([...sources].map((source) => redis.call('SCRIPT', 'LOAD', source)));
  const again = await sendScripts(
    redis,
    unknown.map((i) => calls[i] as ScriptCall),
  );
  unknown.forEach((i, k) => (replies[i] = again[k]));
  return replies;
}

/** Like `runScripts`, for one call; rejects when the call failed. */
export async function runScript(redis: Redis, ...call: ScriptCall): Promise<unknown> {
  const [reply] = await runScripts(redis, [call]);
  if (reply instanceof Error) throw reply;
  return reply;
}

/** Loads all scripts at every connect. A script that cannot be loaded now is loaded when a call needs it. */
function teach(redis: Redis): void {
  for (const { source } of [
    ...RUN_LOG_SCRIPTS,
    ...ORDER_SCRIPTS,
    ...ADMISSION_SCRIPTS,
    ...POOL_SCRIPTS,
    ...JOB_SCRIPTS,
  ])
    redis.call('SCRIPT', 'LOAD', source).catch(() => undefined);
}

/**
 * Not `redis.pipeline()`: its constructor copies every command of the client, which costs more than a call. The
 * arguments are one array, because a backlog has more of them than a JavaScript function call can take.
 */
async function sendScripts(redis: Redis, calls: readonly ScriptCall[]): Promise<unknown[]> {
  const send = ([script, keys, args]: ScriptCall): Promise<unknown> =>
    redis.call('EVALSHA', [script.sha, keys.length, ...keys, ...args]).catch((error: unknown) => error);
  return Promise.all(calls.map(send));
}

/** The first word of a Redis error is its code and part of the protocol; the rest is prose. */
const isNoScript = (reply: unknown): boolean => reply instanceof Error && reply.message.startsWith('NOSCRIPT');
