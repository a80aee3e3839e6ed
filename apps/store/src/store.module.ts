import type { StorePorts } from '#libs/contract';
import { HealthModule, MetricsModule, ReleaseModule } from '#libs/platform';
import {
  databaseClock,
  sqlJobStore,
  sqlStoredAccounts,
  sqlStoredRuns,
  sqlStoredSessions,
  sqlWebhookStore,
} from '#libs/store';
import { Module, type DynamicModule } from '@nestjs/common';
import { InternalStoreModule } from './http/internal-store.module.js';
import { PersistenceModule } from './persistence.module.js';
import { storeCore, type StoreCore, type StoreParts } from './store-core.js';
import { sqlStoredConversations } from './stored-conversations.js';

/** Root of the store: finished runs in from the queue, rows out over HTTP. The `imports` are its table of contents. */
@Module({})
export class StoreModule {
  /**
   * Nothing here waits: while the database or Redis is away, the process lives and /health/ready says 503. `running` is
   * that of PersistenceModule.
   */
  static start(parts: StoreParts): { module: DynamicModule; running: Promise<void> } {
    const core = storeCore(parts);
    const { config, logger, closers, drain, connection, db, metrics } = core;
    const persistence = PersistenceModule.for(core);
    const checks = {
      redis: () => connection.ping(),
      database: async () => void (await db.query('select 1')),
    };
    const module: DynamicModule = {
      module: StoreModule,
      imports: [
        persistence.module,
        InternalStoreModule.for(storePorts(core), config.store.token ?? null),
        HealthModule.forService({ checks, drain }),
        MetricsModule.forService(metrics, config.metrics),
        ReleaseModule.for(closers, logger),
      ],
    };
    return { module, running: persistence.running };
  }
}

function storePorts({ db, log, logger }: StoreCore): StorePorts {
  return {
    runs: sqlStoredRuns(db, Date.now),
    sessions: sqlStoredSessions(db, Date.now),
    conversations: sqlStoredConversations({ db, log, logger, now: Date.now }),
    jobs: sqlJobStore(db, databaseClock(db)),
    accounts: sqlStoredAccounts(db),
    webhooks: sqlWebhookStore(db, databaseClock(db)),
  };
}
