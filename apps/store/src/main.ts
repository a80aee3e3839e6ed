import 'reflect-metadata';
import { loadConfig } from '#libs/config';
import { bootstrap, Closers, createLogger, Drain, runMain } from '#libs/platform';
import { constants, setPriority } from 'node:os';
import { StoreModule } from './store.module.js';

/** A batch under way takes at most a few statements of five seconds. */
const DRAIN_SECONDS = 10;

await runMain(async () => {
  // Rows may come a moment later; tokens may not. On one machine the store yields to the services that stream.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  const config = loadConfig(process.env);
  const { host, port } = config.store;
  const logger = createLogger({ service: 'store', ...config.log });
  const closers = new Closers();
  const drain = new Drain();
  const { module, running } = StoreModule.start({ config, logger, closers, drain });
  await bootstrap({ name: 'store', module, host, port, logger, closers, drain, drainSeconds: DRAIN_SECONDS });
  await running;
});
