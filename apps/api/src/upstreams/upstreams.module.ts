import type { Config, ModelsConfig } from '#libs/config';
import type { CredentialVault, PoolOffice, WorkerRegistry } from '#libs/contract';
import type { Logger } from '#libs/platform';
import { Module, type DynamicModule } from '@nestjs/common';
import type { ModelDirectory } from '../runs/model-directory.js';
import { LoginDesk } from './login-desk.js';
import { LoginsController } from './logins.controller.js';
import { HealthzController, POOL_STATE } from './healthz.controller.js';
import { poolState } from './pool-state.js';
import { RawModelsController, REGISTRY } from './raw-models.controller.js';
import { UpstreamDesk } from './upstream-desk.js';
import { UpstreamsController } from './upstreams.controller.js';

interface UpstreamsParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly version: string;
  /** Reads the settings of models again. Absent: they stay unchanged. */
  readonly loadModels?: () => ModelsConfig;
}

/** What is known of the upstreams, whoever asks. */
export function openUpstreamDesk(
  { config, loadModels = () => config.models }: UpstreamsParts,
  { pools }: { readonly pools: PoolOffice },
  directory: ModelDirectory,
): UpstreamDesk {
  const onReloaded = ({ aliases = [] }: ModelsConfig): void => directory.rename(aliases);
  return new UpstreamDesk({ office: pools, models: config.models, load: loadModels, onReloaded });
}

interface UpstreamsPorts {
  readonly credentials: CredentialVault;
  readonly registry: Pick<WorkerRegistry, 'list'>;
}

/** The upstreams, for operators and monitors. Most routes are there only with an admin token. */
@Module({})
export class UpstreamsModule {
  static for(
    { config, logger, version }: UpstreamsParts,
    { credentials, registry }: UpstreamsPorts,
    desk: UpstreamDesk,
  ): DynamicModule {
    const state = { provide: POOL_STATE, useValue: poolState(desk, version) };
    if (config.auth.adminToken === undefined) {
      return { module: UpstreamsModule, controllers: [HealthzController], providers: [state] };
    }
    const logins = new LoginDesk({
      vault: credentials,
      models: () => desk.settings,
      now: Date.now,
      onExported: (upstream) => logger.warn({ upstream }, 'the encrypted key of an upstream was given out'),
    });
    return {
      module: UpstreamsModule,
      controllers: [HealthzController, UpstreamsController, LoginsController, RawModelsController],
      providers: [
        state,
        { provide: UpstreamDesk, useValue: desk },
        { provide: LoginDesk, useValue: logins },
        { provide: REGISTRY, useValue: registry },
      ],
    };
  }
}
