import { connectRedis, redisRunLog, startPersistWorker } from '#libs/bus';
import { priceTable, type Config, type StoreConfig } from '#libs/config';
import type { StorePorts } from '#libs/contract';
import {
  HealthModule,
  Metrics,
  MetricsModule,
  redisNews,
  ReleaseModule,
  type Closers,
  type Drain,
  type Logger,
} from '#libs/platform';
import {
  databaseClock,
  migrate,
  pgliteDatabase,
  postgresDatabase,
  SchemaTooNewError,
  sqlJobStore,
  sqlStoredRuns,
  sqlStoredSessions,
  type SqlDatabase,
} from '#libs/store';
import { Module, type DynamicModule } from '@nestjs/common';
import { resolve } from 'node:path';
import { sqlStoredConversations } from './stored-conversations.js';
import { InternalStoreController, STORE_PORTS } from './http/internal-store.controller.js';
import { TOKEN } from './http/token.guard.js';
import { openDatabase } from './open-database.js';
import { persistRuns } from './persist-runs.js';
import { startRetention } from './retention.js';
import { StoreMeters } from './store-meters.js';

/** Batches under way at the same time: one is being read while another is being written. */
const BATCHES_AT_ONCE_MAX = 4;

export interface StoreParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly closers: Closers;
  readonly drain: Drain;
  readonly version: string;
}

/** Composition root of the store: finished runs in from the queue, rows out over HTTP. */
@Module({})
export class StoreModule {
  /**
   * Nothing here waits: while the database or Redis is away the process lives and /health/ready says 503.
   * `running` resolves once runs are being taken, and rejects when the database can never be used.
   */
  static start(parts: StoreParts): { module: DynamicModule; running: Promise<void> } {
    const { config, logger, closers, drain, version } = parts;
    const { url, prefix } = config.redis;
    const metrics = new Metrics({ service: 'store', version, isDraining: () => drain.draining });
    const meters = new StoreMeters(metrics);
    const news = redisNews(logger, meters);
    const connection = closers.own(connectRedis({ url, prefix, role: 'worker', ...news }), (c) => c.close());
    const opening = closers.own(
      openDatabase({ connect: () => connectTo(config.store, logger), prepare: migrate, logger }),
      (o) => o.db.close(),
    );
    const { db } = opening;

    const takeRuns = async (): Promise<void> => {
      const opened = await opening.opened.catch(asStartFailure);
      if (!opened || drain.draining) return;
      const worker = startPersistWorker({
        connection,
        concurrency: BATCHES_AT_ONCE_MAX,
        handle: meters.measure(
          persistRuns({ log: redisRunLog(connection), db, logger, meters, prices: priceTable(config.models) }),
        ),
        onError: (cause) => logger.warn({ err: cause }, 'runs could not be stored; they will come again'),
      });
      drain.onDrain(() => worker.close());
      drain.onDrain(startRetention({ db, logger, now: Date.now }, config.store));
      logger.info('the database is open; taking finished runs');
    };

    const checks = {
      redis: () => connection.ping(),
      database: async () => void (await db.query('select 1')),
    };
    const ports: StorePorts = {
      runs: sqlStoredRuns(db, Date.now),
      sessions: sqlStoredSessions(db, Date.now),
      conversations: sqlStoredConversations({ db, log: redisRunLog(connection), logger, now: Date.now }),
      jobs: sqlJobStore(db, databaseClock(db)),
    };
    const module: DynamicModule = {
      module: StoreModule,
      imports: [
        HealthModule.forService({ checks, drain }),
        MetricsModule.forService(metrics, config.metrics),
        ReleaseModule.for(closers, logger),
      ],
      controllers: [InternalStoreController],
      providers: [
        { provide: STORE_PORTS, useValue: ports },
        { provide: TOKEN, useValue: config.store.token ?? null },
      ],
    };
    return { module, running: takeRuns() };
  }
}

function connectTo({ databaseUrl, dataDir }: StoreConfig, logger: Logger): Promise<SqlDatabase> {
  if (databaseUrl === undefined) return pgliteDatabase({ dir: resolve(dataDir, 'pglite') });
  const onError = (cause: Error): void => logger.warn({ err: cause }, 'database connection');
  return Promise.resolve(postgresDatabase({ url: databaseUrl, onError }));
}

/**
 * A newer schema is an operator's mistake, like a bad setting. The launcher recognises this name and does not
 * restart.
 */
function asStartFailure(cause: unknown): never {
  if (!(cause instanceof SchemaTooNewError)) throw cause;
  const failure = new Error(cause.message, { cause });
  failure.name = 'ConfigError';
  throw failure;
}
