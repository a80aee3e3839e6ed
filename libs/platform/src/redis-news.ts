import type { Logger } from './logger.js';

/**
 * Counts and logs connection errors, and logs why a server is unfit and what is risky about a usable one. Shared by all
 * services, for `connectRedis`.
 */
export const redisNews = (logger: Logger, meters: { redisFailed(): void }) => ({
  onError: (cause: Error): void => {
    meters.redisFailed();
    logger.warn({ err: cause }, 'redis connection');
  },
  onUnfit: (why: string): void => logger.error({ why }, 'this Redis would lose runs'),
  onRisk: (warning: string): void => logger.warn({ warning }, 'the settings of this Redis'),
});
