import { bullPersistQueue, bullRunQueue, connectRedis, redisFacts, redisRunLog, redisSessionTurns } from '#libs/bus';
import type { Config } from '#libs/config';
import { HealthModule, Metrics, MetricsModule, type Closers, type Drain, type Logger } from '#libs/platform';
import { Module, type DynamicModule } from '@nestjs/common';
import { createDuties } from './duties/registry.js';
import { startJobs } from './jobs/start-jobs.js';
import { SchedulerMeters } from './scheduler-meters.js';
import { startDuties } from './start-duties.js';

export interface SchedulerParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly closers: Closers;
  readonly drain: Drain;
  readonly version: string;
}

/** Composition root of the scheduler: connects and starts the duties. Any number of schedulers may run. */
@Module({})
export class SchedulerModule {
  static start({ config, logger, closers, drain, version }: SchedulerParts): DynamicModule {
    const { url, prefix } = config.redis;
    const onError = (cause: Error): void => {
      meters.redisFailed();
      logger.warn({ err: cause }, 'redis connection');
    };
    // The role that fails fast: a duty that hangs would keep the process from stopping, one that fails comes again.
    const connection = closers.own(connectRedis({ url, prefix, role: 'api', onError }), (c) => c.close());
    const runs = closers.own(bullRunQueue(connection), (queue) => queue.close());
    const persist = closers.own(bullPersistQueue(connection), (queue) => queue.close());
    const turns = redisSessionTurns(connection);
    const facts = closers.own(redisFacts(connection), (f) => f.close());
    const metrics = new Metrics({ service: 'scheduler', version, isDraining: () => drain.draining });
    const meters = new SchedulerMeters(metrics, facts);
    const ports = { log: redisRunLog(connection), runs, persist, turns, logger, now: Date.now };
    const jobs = startJobs({ config, connection, closers, drain }, ports);
    const duties = startDuties({
      duties: [...createDuties(), ...jobs],
      ports,
      random: Math.random,
      onLook: (...look) => meters.looked(...look),
    });
    drain.onDrain(() => duties.stop());
    return {
      module: SchedulerModule,
      imports: [
        HealthModule.forService({ checks: { redis: () => connection.ping() }, drain }),
        MetricsModule.forService(metrics, config.metrics),
      ],
    };
  }
}
