import 'reflect-metadata';
import { isNetworkVisible, loadConfig, readTextFile } from '#libs/config';
import { bootstrap, closeToBrowsers, Closers, createLogger, Drain, runMain, versionAbove } from '#libs/platform';
import { setPriority } from 'node:os';
import { StoreModule } from './store.module.js';

/** A batch under way takes at most a few statements of five seconds. */
const DRAIN_SECONDS = 10;
/** Room for a hundred results of jobs, each with the longest answer that is kept. */
const BODY_BYTES_MAX = 33_554_432;

/**
 * On one machine the store yields to the services that stream, because rows may be late and tokens may not. It still
 * gets a third of their share when the CPU is busy; with a tenth, its answers took longer than the API waits.
 */
const NICENESS = 5;

/** The embedded engine makes its files readable by everybody, unless the process forbids it. */
const PRIVATE_FILES = 0o077;

await runMain(async () => {
  process.umask(PRIVATE_FILES);
  setPriority(NICENESS);
  const config = loadConfig(process.env, readTextFile, 'store');
  const { host, port } = config.store;
  const logger = createLogger({ service: 'store', ...config.log });
  const closers = new Closers();
  const drain = new Drain();
  const version = versionAbove(import.meta.dirname);
  const { module, running } = StoreModule.start({ config, logger, closers, drain, version });
  // The API may pass a whole request body on, as the items of a conversation.
  const fastify = { bodyLimit: Math.max(2 * config.api.bodyBytesMax, BODY_BYTES_MAX) };
  // The other services use the name in STORE_URL.
  const allowedHosts = [new URL(config.store.url).hostname, ...config.api.allowedHosts];
  const door = { host, allowedHosts, isVisible: isNetworkVisible(host) };
  await bootstrap({
    name: 'store',
    module,
    host,
    port,
    logger,
    drain,
    drainSeconds: DRAIN_SECONDS,
    drainDelaySeconds: config.api.drainDelaySeconds,
    fastify,
    configure: (app) => closeToBrowsers(app, door),
  });
  await running;
});
