import { bullPersistQueue, bullRunQueue, connectRedis, redisRunLog } from '#libs/bus';
import type { Config } from '#libs/config';
import { HealthModule, type Closers, type Drain, type Logger } from '#libs/platform';
import { Module, type DynamicModule } from '@nestjs/common';
import { createDuties } from './duties/registry.js';
import { startDuties } from './start-duties.js';

export interface SchedulerParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly closers: Closers;
  readonly drain: Drain;
}

/** Composition root of the scheduler: connects and starts the duties. Any number of schedulers may run. */
@Module({})
export class SchedulerModule {
  static start({ config, logger, closers, drain }: SchedulerParts): DynamicModule {
    const { url, prefix } = config.redis;
    const onError = (cause: Error): void => logger.warn({ err: cause }, 'redis connection');
    // The role that fails fast: a duty that hangs would keep the process from stopping, one that fails comes again.
    const connection = closers.own(connectRedis({ url, prefix, role: 'api', onError }), (c) => c.close());
    const runs = closers.own(bullRunQueue(connection), (queue) => queue.close());
    const persist = closers.own(bullPersistQueue(connection), (queue) => queue.close());
    const ports = { log: redisRunLog(connection), runs, persist, logger, now: Date.now };
    const duties = startDuties({ duties: createDuties(), ports, random: Math.random });
    drain.onDrain(() => duties.stop());
    return {
      module: SchedulerModule,
      imports: [HealthModule.forService({ checks: { redis: () => connection.ping() }, drain })],
    };
  }
}
