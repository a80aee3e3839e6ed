import {
  redisApprovalMemory,
  bullPersistQueue,
  bullRunQueue,
  connectRedis,
  redisFacts,
  redisRunLog,
  redisSessionTurns,
} from '#libs/bus';
import type { Config, StoreConfig } from '#libs/config';
import {
  HealthModule,
  Metrics,
  MetricsModule,
  redisNews,
  ReleaseModule,
  type Closers,
  type Drain,
  type Logger,
} from '#libs/platform';
import { storeClient } from '#libs/store-client';
import { Module, type DynamicModule } from '@nestjs/common';
import type { DutyPorts } from './duties/duty.js';
import { createDuties } from './duties/registry.js';
import { startJobs } from './jobs/start-jobs.js';
import { SchedulerMeters } from './scheduler-meters.js';
import { startDuties } from './start-duties.js';

/** A readiness probe waits about as long. */
const STORE_LOOK_MS_MAX = 2_000;

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
    const news = redisNews(logger, { redisFailed: () => meters.redisFailed() });
    // The role that fails fast: a hanging duty would keep the process from stopping, a failed one is repeated.
    const connection = closers.own(connectRedis({ url, prefix, role: 'api', ...news }), (c) => c.close());
    const queue = closers.own(bullRunQueue(connection), (q) => q.close());
    const persist = closers.own(bullPersistQueue(connection), (queue) => queue.close());
    const facts = closers.own(redisFacts(connection), (f) => f.close());
    const metrics = new Metrics({ service: 'scheduler', version, isDraining: () => drain.draining });
    const meters = new SchedulerMeters(metrics, facts);
    const ports: DutyPorts = {
      log: redisRunLog(connection),
      queue,
      persist,
      sessionTurns: redisSessionTurns(connection),
      approvals: redisApprovalMemory(connection),
      logger,
      now: Date.now,
      // The other duties repeat it.
      onUnsettled: ({ cause, runId, what }) => logger.warn({ err: cause, runId }, what),
    };
    const jobs = startJobs({ config, connection, closers, drain }, ports);
    const duties = startDuties({
      duties: [...createDuties(), ...jobs],
      ports,
      addresses: { store: config.store.url, redis: new URL(url).host },
      random: Math.random,
      onLook: (...look) => meters.looked(...look),
    });
    drain.onDrain(() => duties.stop());
    return {
      module: SchedulerModule,
      imports: [
        HealthModule.forService({ checks: { redis: () => connection.ping(), store: storeCheck(config.store) }, drain }),
        MetricsModule.forService(metrics, config.metrics),
        ReleaseModule.for(closers, logger),
      ],
    };
  }
}

/** Asks the same question as the firing of jobs, so that a wrong token is noticed too. */
function storeCheck(store: StoreConfig): () => Promise<void> {
  const { jobs } = storeClient({ ...store, answerMsMax: STORE_LOOK_MS_MAX });
  return async () => void (await jobs.due({ limit: 1 }));
}
