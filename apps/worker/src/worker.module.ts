import { HealthModule, MetricsModule, ReleaseModule } from '#libs/platform';
import { Module, type DynamicModule } from '@nestjs/common';
import { AnnouncementModule, assertModels } from './announcement.module.js';
import { ExecutionModule } from './execution.module.js';
import { workerCore, type WorkerParts } from './worker-core.js';

/** Root of the worker. The `imports` are its table of contents, in the order in which they start. */
@Module({})
export class WorkerModule {
  /** Nothing here waits: while Redis or the upstreams are away the process lives and /health/ready says 503. */
  static start(parts: WorkerParts): DynamicModule {
    const core = workerCore(parts);
    const { config, logger, closers, drain, connection, metrics } = core;
    return {
      module: WorkerModule,
      imports: [
        AnnouncementModule.for(core),
        ExecutionModule.for(core),
        HealthModule.forService({
          checks: { redis: () => connection.ping(), models: () => assertModels(core) },
          drain,
        }),
        MetricsModule.forService(metrics, config.metrics),
        ReleaseModule.for(closers, logger),
      ],
    };
  }
}
