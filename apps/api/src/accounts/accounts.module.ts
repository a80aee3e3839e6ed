import { LOCAL_OWNER, type Config } from '#libs/config';
import type { Closers, Logger } from '#libs/platform';
import { Module, type DynamicModule } from '@nestjs/common';
import type { ApiCore } from '../core/api-core.js';
import type { ApiPorts } from '../core/api-ports.js';
import { ACCOUNTS, AllUsageController, SearchController, UsageController } from './accounts.controllers.js';
import { OwnerDesk } from './owner-desk.js';
import { OwnersController } from './owners.controller.js';
import { tellOrphans } from './tell-orphans.js';
import { UsageReport } from './usage-report.js';

interface AccountsParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly closers: Closers;
}

/** What the store tells over many runs: usage, the search, and whose rows there are. */
@Module({})
export class AccountsModule {
  static for(
    { config, logger, closers }: AccountsParts,
    { accounts, jobs, approvals, live, log }: Pick<ApiPorts, 'accounts' | 'jobs' | 'approvals' | 'live' | 'log'>,
    { runs }: Pick<ApiCore, 'runs'>,
  ): DynamicModule {
    const { keys, adminToken } = config.auth;
    const names: ReadonlySet<string> = new Set(keys.length > 0 ? keys.map(({ name }) => name) : [LOCAL_OWNER]);
    const stop = closers.own(new AbortController(), (controller) => controller.abort());
    void tellOrphans(accounts, { names, logger, signal: stop.signal });
    return {
      module: AccountsModule,
      controllers: [
        UsageController,
        SearchController,
        ...(adminToken === undefined ? [] : [AllUsageController, OwnersController]),
      ],
      providers: [
        { provide: ACCOUNTS, useValue: accounts },
        { provide: UsageReport, useValue: new UsageReport(accounts) },
        { provide: OwnerDesk, useValue: new OwnerDesk({ accounts, jobs, approvals, live, log, runs, names }) },
      ],
    };
  }
}
