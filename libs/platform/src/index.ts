export { bootstrap, EXIT_CONFIG, runMain, type Service } from './bootstrap.js';
export { Closers } from './closers.js';
export { Drain, type DrainWork } from './drain.js';
export { HealthModule, type ReadyChecks } from './health.module.js';
export { createLogger, type Logger } from './logger.js';
export { Public, PUBLIC_ROUTE } from './public.js';
export { versionAbove } from './version.js';
