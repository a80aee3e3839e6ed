import type { Protocol } from '#libs/protocols';
import { Module, type DynamicModule } from '@nestjs/common';
import { ModelDirectory } from '../runs/model-directory.js';
import { HealthController, VERSION } from './health.controller.js';
import { MODEL_PROTOCOLS, ModelsController } from './models.controller.js';

/** GET /v1/models, and GET /health, which reports the number of workers. */
@Module({})
export class ModelsModule {
  static for(
    { models }: { readonly models: ModelDirectory },
    protocols: readonly Protocol[],
    version: string,
  ): DynamicModule {
    return {
      module: ModelsModule,
      controllers: [ModelsController, HealthController],
      providers: [
        { provide: ModelDirectory, useValue: models },
        { provide: MODEL_PROTOCOLS, useValue: protocols },
        { provide: VERSION, useValue: version },
      ],
    };
  }
}
