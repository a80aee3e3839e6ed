import 'reflect-metadata';
import { loadConfig, readTextFile } from '#libs/config';
import { bootstrap, Closers, createLogger, Drain, runMain, versionAbove } from '#libs/platform';
import { ApiModule } from './api.module.js';

await runMain(async () => {
  const config = loadConfig(process.env, readTextFile, 'api');
  const { host, port, drainSeconds, drainDelaySeconds } = config.api;
  const logger = createLogger({ service: 'api', ...config.log });
  const closers = new Closers();
  const drain = new Drain();
  const version = versionAbove(import.meta.dirname);
  const tracing =
    config.tracing &&
    (await import('#libs/tracing')).startTracing({ ...config.tracing, service: 'api', version, logger, closers });
  const loadModels = () => loadConfig(process.env, readTextFile, 'api').models;
  const parts = { config, logger, closers, drain, version, loadModels, tracing };
  const { module, fastify, configure } = ApiModule.start(parts);
  const door = { host, port, drain, drainSeconds, drainDelaySeconds };
  await bootstrap({ name: 'api', module, logger, ...door, fastify, configure });
});
