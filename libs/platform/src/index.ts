export { bearerToken, isSameSecret } from './bearer.js';
export { bootstrap, runMain } from './bootstrap.js';
export { Closers } from './closers.js';
export { Drain } from './drain.js';
export { HealthModule } from './health.module.js';
export { createLogger, type Logger } from './logger.js';
export { METRICS, type MetricSpec } from './metrics/catalog.js';
export { Metrics, type Counter, type Histogram } from './metrics/metrics.js';
export { mayReadMetrics, MetricsModule, type MetricsAccess } from './metrics/metrics.module.js';
export { Public, PUBLIC_ROUTE } from './public.js';
export { ReleaseModule } from './release.module.js';
export { redisNews } from './redis-news.js';
export { toldSeldom } from './told-seldom.js';
export { versionAbove } from './version.js';
export {
  assertOneHost,
  assertPlainBody,
  closeToBrowsers,
  hostCheck,
  unknownHost,
  type HostCheck,
} from './front-door.js';
