import type { Logger } from './logger.js';
import { toldSeldom } from './told-seldom.js';

/**
 * Counts and logs connection errors, each cause once a second at most, and logs why a server is unfit and what is risky
 * about a usable one. Shared by all services, for `connectRedis`.
 */
export function redisNews(logger: Logger, meters: { redisFailed(): void }) {
  const told = toldSeldom((cause, leftOut) => logger.warn({ err: cause, leftOut }, 'redis connection'));
  return {
    onError(cause: Error): void {
      meters.redisFailed();
      told(cause);
    },
    onUnfit: (why: string): void => logger.error({ why }, 'this Redis would lose runs'),
    onRisk: (warning: string): void => logger.warn({ warning }, 'the settings of this Redis'),
  };
}
