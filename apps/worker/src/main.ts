import 'reflect-metadata';
import { isNetworkVisible, loadConfig, readTextFile } from '#libs/config';
import { bootstrap, closeToBrowsers, Closers, createLogger, Drain, runMain, versionAbove } from '#libs/platform';
import { WorkerModule } from './worker.module.js';

await runMain(async () => {
  const config = loadConfig(process.env, readTextFile, 'worker');
  const { healthHost: host, healthPort: port, drainSeconds } = config.worker;
  const logger = createLogger({ service: 'worker', ...config.log });
  const closers = new Closers();
  const drain = new Drain();
  const version = versionAbove(import.meta.dirname);
  const tracing =
    config.tracing &&
    (await import('#libs/tracing')).startTracing({ ...config.tracing, service: 'worker', version, logger, closers });
  const reload = {
    load: () => loadConfig(process.env, readTextFile, 'worker').models,
    onSignal: (fire: () => void) => void process.on('SIGHUP', fire),
  };
  const module = WorkerModule.start({ config, logger, closers, drain, version, reload, tracing });
  const door = { host, allowedHosts: config.api.allowedHosts, isVisible: isNetworkVisible(host) };
  await bootstrap({
    name: 'worker',
    module,
    host,
    port,
    logger,
    drain,
    drainSeconds: drainSeconds + 2,
    configure: (app) => closeToBrowsers(app, door),
  });
});
