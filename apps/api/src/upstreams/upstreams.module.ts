import type { Config, ModelsConfig } from '#libs/config';
import type { CredentialVault, PoolOffice } from '#libs/contract';
import type { Logger } from '#libs/platform';
import { Module, type DynamicModule } from '@nestjs/common';
import type { ModelDirectory } from '../runs/model-directory.js';
import { LoginDesk } from './login-desk.js';
import { LoginsController } from './logins.controller.js';
import { UpstreamDesk } from './upstream-desk.js';
import { UpstreamsController } from './upstreams.controller.js';

interface UpstreamsParts {
  readonly config: Config;
  readonly logger: Logger;
  /** Reads the settings of models again. Absent: they stay unchanged. */
  readonly loadModels?: () => ModelsConfig;
}

/** The upstreams, for operators. The routes exist only when an admin token is set. */
@Module({})
export class UpstreamsModule {
  static for(
    { config, logger, loadModels = () => config.models }: UpstreamsParts,
    { pools, credentials }: { readonly pools: PoolOffice; readonly credentials: CredentialVault },
    directory: ModelDirectory,
  ): DynamicModule {
    if (config.auth.adminToken === undefined) return { module: UpstreamsModule };
    const onReloaded = ({ aliases = [] }: ModelsConfig): void => directory.rename(aliases);
    const desk = new UpstreamDesk({ office: pools, models: config.models, load: loadModels, onReloaded });
    const logins = new LoginDesk({
      vault: credentials,
      models: () => desk.settings,
      now: Date.now,
      onExported: (upstream) => logger.warn({ upstream }, 'the encrypted key of an upstream was given out'),
    });
    return {
      module: UpstreamsModule,
      controllers: [UpstreamsController, LoginsController],
      providers: [
        { provide: UpstreamDesk, useValue: desk },
        { provide: LoginDesk, useValue: logins },
      ],
    };
  }
}
