import 'reflect-metadata';
import { isNetworkVisible, loadConfig, readTextFile } from '#libs/config';
import { bootstrap, closeToBrowsers, Closers, createLogger, Drain, runMain, versionAbove } from '#libs/platform';
import { SchedulerModule } from './scheduler.module.js';

/** A look at one page of runs is a few commands of two seconds at most. */
const DRAIN_SECONDS = 10;

await runMain(async () => {
  const config = loadConfig(process.env, readTextFile, 'scheduler');
  const { healthHost: host, schedulerHealthPort: port } = config.worker;
  const logger = createLogger({ service: 'scheduler', ...config.log });
  const closers = new Closers();
  const drain = new Drain();
  const module = SchedulerModule.start({ config, logger, closers, drain, version: versionAbove(import.meta.dirname) });
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
