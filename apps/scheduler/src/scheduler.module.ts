import type { StoreConfig } from '#libs/config';
import { HealthModule, MetricsModule, ReleaseModule } from '#libs/platform';
import { storeClient } from '#libs/store-client';
import { Module, type DynamicModule } from '@nestjs/common';
import { DutiesModule } from './duties.module.js';
import { createDuties } from './duties/registry.js';
import { CronModule } from './jobs/cron.module.js';
import { jobDuties } from './jobs/job-duties.js';
import { jobDutyPorts } from './jobs/job-ports.js';
import { webhookDuty } from './webhooks/webhook-duty.js';
import { schedulerCore, type SchedulerParts } from './scheduler-core.js';

/** About as long as a readiness probe waits. */
const STORE_LOOK_MS_MAX = 2_000;

/** Root of the scheduler. The `imports` are its table of contents. Any number of schedulers may run. */
@Module({})
export class SchedulerModule {
  static start(parts: SchedulerParts): DynamicModule {
    const core = schedulerCore(parts);
    const { config, logger, closers, drain, connection, metrics } = core;
    const jobs = jobDutyPorts(core);
    return {
      module: SchedulerModule,
      imports: [
        CronModule.for(core, jobs),
        DutiesModule.for(core, [...createDuties(), ...jobDuties(jobs), webhookDuty(core)]),
        HealthModule.forService({ checks: { redis: () => connection.ping(), store: storeCheck(config.store) }, drain }),
        MetricsModule.forService(metrics, config.metrics),
        ReleaseModule.for(closers, logger),
      ],
    };
  }
}

/** Sends the same request as the firing of jobs, so that a wrong token is noticed too. */
function storeCheck(store: StoreConfig): () => Promise<void> {
  const { jobs } = storeClient({ ...store, answerMsMax: STORE_LOOK_MS_MAX });
  return async () => void (await jobs.due({ limit: 1 }));
}
