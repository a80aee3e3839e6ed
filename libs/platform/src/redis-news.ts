import type { Logger } from './logger.js';

/**
 * What every service does with what its connections to Redis tell: errors are counted and logged, and so is why a
 * server would lose runs. For `connectRedis`.
 */
export const redisNews = (logger: Logger, meters: { redisFailed(): void }) => ({
  onError: (cause: Error): void => {
    meters.redisFailed();
    logger.warn({ err: cause }, 'redis connection');
  },
  onUnfit: (why: string): void => logger.error({ why }, 'this Redis would lose runs'),
});
