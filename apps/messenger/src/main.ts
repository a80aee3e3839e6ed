import 'reflect-metadata';
import { isNetworkVisible, loadConfig, readTextFile } from '#libs/config';
import { bootstrap, closeToBrowsers, Closers, createLogger, Drain, runMain, versionAbove } from '#libs/platform';
import { keepBodies } from './intake/keep-bodies.js';
import { MessengerModule } from './messenger.module.js';

/** Time for the calls under way, which take 15 s at most. Answers go on in another process, or after a restart. */
const DRAIN_SECONDS = 20;
/** An update of a platform is far smaller. */
const BODY_BYTES_MAX = 1_048_576;

await runMain(async () => {
  const config = loadConfig(process.env, readTextFile, 'messenger');
  const host = config.worker.healthHost;
  const logger = createLogger({ service: 'messenger', ...config.log });
  const closers = new Closers();
  const drain = new Drain();
  const module = MessengerModule.start({ config, logger, closers, drain, version: versionAbove(import.meta.dirname) });
  const door = { host, allowedHosts: config.api.allowedHosts, isVisible: isNetworkVisible(host) };
  await bootstrap({
    name: 'messenger',
    module,
    host,
    port: config.messenger.port,
    logger,
    drain,
    drainSeconds: DRAIN_SECONDS,
    fastify: { bodyLimit: BODY_BYTES_MAX },
    configure: (app) => {
      closeToBrowsers(app, door);
      keepBodies(app);
    },
  });
});
