import { HealthModule, MetricsModule, ReleaseModule } from '#libs/platform';
import { Module, type DynamicModule } from '@nestjs/common';
import { AnnouncementModule } from './announcement.module.js';
import { ExecutionModule } from './execution.module.js';
import { workerCore, type WorkerParts } from './worker-core.js';

/** Root of the worker. The `imports` are its table of contents, in the order in which they start. */
@Module({})
export class WorkerModule {
  static async start(parts: WorkerParts): Promise<DynamicModule> {
    const core = workerCore(parts);
    const { config, logger, closers, drain, connection, metrics } = core;
    return {
      module: WorkerModule,
      imports: [
        // The models are known before the first run is taken.
        await AnnouncementModule.for(core),
        ExecutionModule.for(core),
        HealthModule.forService({ checks: { redis: () => connection.ping() }, drain }),
        MetricsModule.forService(metrics, config.metrics),
        ReleaseModule.for(closers, logger),
      ],
    };
  }
}
