import 'reflect-metadata';
import { isNetworkVisible, loadConfig, readTextFile } from '#libs/config';
import { bootstrap, closeToBrowsers, Closers, createLogger, Drain, runMain, versionAbove } from '#libs/platform';
import { SchedulerModule } from './scheduler.module.js';

/** Time for one page of runs: a few Redis commands of at most two seconds each. */
const DRAIN_SECONDS = 10;

await runMain(async () => {
  const config = loadConfig(process.env, readTextFile, 'scheduler');
  const { healthHost: host, schedulerHealthPort: port } = config.worker;
  const logger = createLogger({ service: 'scheduler', ...config.log });
  const closers = new Closers();
  const drain = new Drain();
  const version = versionAbove(import.meta.dirname);
  const tracing =
    config.tracing &&
    (await import('#libs/tracing')).startTracing({ ...config.tracing, service: 'scheduler', version, logger, closers });
  const module = SchedulerModule.start({ config, logger, closers, drain, version, tracing });
  const door = { host, allowedHosts: config.api.allowedHosts, isVisible: isNetworkVisible(host) };
  await bootstrap({
    name: 'scheduler',
    module,
    host,
    port,
    logger,
    drain,
    drainSeconds: DRAIN_SECONDS,
    configure: (app) => closeToBrowsers(app, door),
  });
});
