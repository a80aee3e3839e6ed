import { ASK_RUNNING, EXIT_CONFIG, redactSecrets } from '#libs/contract';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyServerOptions } from 'fastify';
import type { Server } from 'node:http';
import type { Drain } from './drain.js';
import { nestLogger, type Logger } from './logger.js';

export interface Service {
  readonly name: string;
  readonly module: DynamicModule;
  readonly host: string;
  readonly port: number;
  readonly logger: Logger;
  readonly drain: Drain;
  /** Time to finish work under way after SIGTERM. */
  readonly drainSeconds: number;
  /**
   * How long after SIGTERM requests are still taken, so that proxies can notice that readiness turned 503; then the
   * port is closed. Absent: not at all, and the port stays open until the end, for probes.
   */
  readonly drainDelaySeconds?: number;
  readonly fastify?: FastifyServerOptions;
  /**
   * Last preparations before the service listens: error handlers, body parsers, and access rules (`closeToBrowsers`).
   */
  configure(app: NestFastifyApplication): void | Promise<void>;
}

/** Longest time for releasing connections once the work is done; afterwards the process exits in any case. */
const CLOSE_SECONDS_MAX = 5;
const LAST_WORDS_MS = 100;

/**
 * Runs a service: creates the Nest application on Fastify, and listens. On SIGTERM, SIGINT or the end of the launcher
 * the service drains: readiness turns 503, requests are taken for a moment more (`drainDelaySeconds`), and work under
 * way is finished. Then the application closes: the server first, and last, by Nest's shutdown hook, what the service
 * holds (ReleaseModule). Exit 0.
 */
export async function bootstrap(service: Service): Promise<NestFastifyApplication> {
  const { name, logger, host, port } = service;
  const adapter = new FastifyAdapter({ forceCloseConnections: 'idle', ...service.fastify } as object);
  const app = await NestFactory.create<NestFastifyApplication>(service.module, adapter, {
    logger: nestLogger(logger),
    abortOnError: false,
    bodyParser: false,
  });
  await service.configure(app);
  stopOnSignal(service, app);
  answerLauncher(service.drain);
  await app.listen({ host, port }).catch((cause: unknown) => {
    throw cannotListen(cause, service);
  });
  logger.info({ host, port }, `${name} is listening`);
  return app;
}

/** Said once, in one line of the log. */
class AlreadyTold extends Error {}

const LISTEN_FAILURES: ReadonlyMap<unknown, string> = new Map([
  ['EADDRINUSE', 'another program listens there'],
  ['EACCES', 'this account may not listen there'],
  ['EADDRNOTAVAIL', 'this machine has no such address'],
  ['ENOTFOUND', 'this name has no address'],
]);

function cannotListen(cause: unknown, { name, host, port, logger }: Service): unknown {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  const why = LISTEN_FAILURES.get(code);
  if (why === undefined) return cause;
  logger.fatal({ host, port, code }, `${name} cannot listen on ${host}:${port}: ${why}`);
  return new AlreadyTold(why, { cause });
}

function stopOnSignal(service: Service, app: NestFastifyApplication): void {
  let stopping = false;
  const stop = (why: string): void => {
    if (stopping) return;
    stopping = true;
    void shutDown(service, app, why).then(() => leave(0));
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  // Only a child of the launcher has an IPC channel. The channel closes when the launcher ends.
  process.on('disconnect', () => stop('the launcher is gone'));
  if (process.send && !process.connected) stop('the launcher is gone');
}

/** Only a child of the launcher has an IPC channel. A channel that has just closed takes the answer with it. */
function answerLauncher(drain: Drain): void {
  process.on('message', (message) => {
    if (message === ASK_RUNNING) process.send?.({ running: drain.running }, () => undefined);
  });
}

async function shutDown(service: Service, app: NestFastifyApplication, why: string): Promise<void> {
  const { name, logger, drain, drainSeconds, drainDelaySeconds } = service;
  logger.info({ why }, `${name} is draining`);
  if (drainDelaySeconds !== undefined) {
    await drain.announce(drainDelaySeconds);
    await closePort(app.getHttpServer() as Server);
  }
  await drain.begin(drainSeconds);
  const late = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_SECONDS_MAX * 1_000).unref());
  await Promise.race([app.close().catch((cause: unknown) => logger.warn({ err: cause }, 'closing failed')), late]);
  logger.info(`${name} has stopped`);
}

/**
 * Takes no more connections; those that are open go on. A proxy whose connection is refused asks another replica, even
 * for a POST; one that is answered 503 passes that on. Closed right after the turn in which the kernel's queue was
 * emptied, because what lies in the queue of a closed port is reset.
 */
async function closePort(server: Server): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  server.closeIdleConnections();
  // Its callback waits for the last connection; nobody here does. Nest's own close finds the port closed.
  server.close(() => undefined);
}

/**
 * Exits when the last log lines are written, or found to be unwritable. Without the pause, lines that are still under
 * way to a pipe whose reader has died (the launcher, killed) are written again and again by sonic-boom's exit hook, for
 * ever.
 */
function leave(code: number): void {
  setTimeout(() => process.exit(code), LAST_WORDS_MS);
}

/**
 * The outermost frame of a main.ts. A failure to start is logged as one line and ends with an exit code. An uncaught
 * failure ends the process, because its state is unknown then.
 */
export async function runMain(start: () => Promise<unknown>): Promise<void> {
  const die = (cause: unknown): void => {
    if (cause instanceof AlreadyTold) return leave(1);
    const isConfig = cause instanceof Error && cause.name === 'ConfigError';
    const text = isConfig ? cause.message : cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    process.stderr.write(`${redactSecrets(text)}\n`, () => leave(isConfig ? EXIT_CONFIG : 1));
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  try {
    await start();
  } catch (cause) {
    die(cause);
  }
}
