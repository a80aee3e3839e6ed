import type { Config } from '#libs/config';
import { createTargets } from '#libs/delivery';
import { Module, type DynamicModule } from '@nestjs/common';
import type { ApiCore } from '../core/api-core.js';
import type { ApiPorts } from '../core/api-ports.js';
import { ModelDirectory } from '../runs/model-directory.js';
import { DeliveryTests } from './delivery-tests.js';
import { JobService } from './job-service.js';
import { JobsController } from './jobs.controller.js';

/** /api/jobs. */
@Module({})
export class JobsModule {
  static for({ models, logger }: ApiCore, { jobs, ticks, chats }: ApiPorts, config: Config['jobs']): DynamicModule {
    const { jobsPerOwnerMax } = config;
    const targets = createTargets(config, chats);
    const service = new JobService({ jobs, ticks, targets, jobsPerOwnerMax, logger });
    return {
      module: JobsModule,
      controllers: [JobsController],
      providers: [
        { provide: JobService, useValue: service },
        { provide: DeliveryTests, useValue: new DeliveryTests(targets) },
        { provide: ModelDirectory, useValue: models },
      ],
    };
  }
}
