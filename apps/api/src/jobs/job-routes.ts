import type { Config } from '#libs/config';
import type { JobStore, TickQueue } from '#libs/contract';
import { createTargets } from '#libs/delivery';
import type { Logger } from '#libs/platform';
import type { Provider } from '@nestjs/common';
import { JobService } from './job-service.js';

/** What the jobs API needs of the world. */
export interface JobPorts {
  readonly jobs: JobStore;
  readonly ticks: TickQueue;
  readonly logger: Logger;
}

/** The providers behind JobsController. */
export function jobProviders({ jobs, ticks, logger }: JobPorts, config: Config['jobs']): Provider[] {
  const { jobsPerOwnerMax } = config;
  const service = new JobService({ jobs, ticks, targets: createTargets(config), jobsPerOwnerMax, logger });
  return [{ provide: JobService, useValue: service }];
}
