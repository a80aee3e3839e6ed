import type { Config, ModelsConfig } from '#libs/config';
import type { PoolOffice } from '#libs/contract';
import { Module, type DynamicModule } from '@nestjs/common';
import type { ModelDirectory } from '../runs/model-directory.js';
import { UpstreamDesk } from './upstream-desk.js';
import { UpstreamsController } from './upstreams.controller.js';

interface UpstreamsParts {
  readonly config: Config;
  /** Reads the settings of models again. Absent: they stay unchanged. */
  readonly loadModels?: () => ModelsConfig;
}

/** The upstreams, for operators. The routes exist only when an admin token is set. */
@Module({})
export class UpstreamsModule {
  static for(
    { config, loadModels = () => config.models }: UpstreamsParts,
    { pools }: { readonly pools: PoolOffice },
    directory: ModelDirectory,
  ): DynamicModule {
    if (config.auth.adminToken === undefined) return { module: UpstreamsModule };
    const onReloaded = ({ aliases = [] }: ModelsConfig): void => directory.rename(aliases);
    const desk = new UpstreamDesk({ office: pools, models: config.models, load: loadModels, onReloaded });
    return {
      module: UpstreamsModule,
      controllers: [UpstreamsController],
      providers: [{ provide: UpstreamDesk, useValue: desk }],
    };
  }
}
