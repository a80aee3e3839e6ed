import { Module, type DynamicModule } from '@nestjs/common';
import type { ApiCore } from '../core/api-core.js';
import { ModelDirectory } from '../runs/model-directory.js';
import { KEY_TOOLSETS, ToolsController, type KeyToolsets } from './tools.controller.js';

/** GET /v1/tools: what the gateway itself can do for a run. */
@Module({})
export class ToolsModule {
  static for({ models }: Pick<ApiCore, 'models'>, keyToolsets: KeyToolsets): DynamicModule {
    return {
      module: ToolsModule,
      controllers: [ToolsController],
      providers: [
        { provide: ModelDirectory, useValue: models },
        { provide: KEY_TOOLSETS, useValue: keyToolsets },
      ],
    };
  }
}
