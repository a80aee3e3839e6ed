import { connectRedis, redisRunLog, startPersistWorker } from '#libs/bus';
import type { Config, StoreConfig } from '#libs/config';
import { HealthModule, type Closers, type Drain, type Logger } from '#libs/platform';
import { migrate, pgliteDatabase, postgresDatabase, SchemaTooNewError, type SqlDatabase } from '#libs/store';
import { Module, type DynamicModule } from '@nestjs/common';
import { resolve } from 'node:path';
import { DATABASE, RunsController, TOKEN } from './http/runs.controller.js';
import { openDatabase } from './open-database.js';
import { persistRuns } from './persist-runs.js';

/** Batches under way at the same time: one is being read while another is being written. */
const BATCHES_AT_ONCE_MAX = 4;

export interface StoreParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly closers: Closers;
  readonly drain: Drain;
}

/** Composition root of the store: finished runs in from the queue, rows out over HTTP. */
@Module({})
export class StoreModule {
  /**
   * Nothing here waits: while the database or Redis is away the process lives and /health/ready says 503.
   * `running` resolves once runs are being taken, and rejects when the database can never be used.
   */
  static start(parts: StoreParts): { module: DynamicModule; running: Promise<void> } {
    const { config, logger, closers, drain } = parts;
    const { url, prefix } = config.redis;
    const onError = (cause: Error): void => logger.warn({ err: cause }, 'redis connection');
    const connection = closers.own(connectRedis({ url, prefix, role: 'worker', onError }), (c) => c.close());
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
        handle: persistRuns({ log: redisRunLog(connection), db, logger }),
        onError: (cause) => logger.warn({ err: cause }, 'runs could not be stored; they will come again'),
      });
      drain.onDrain(() => worker.close());
      logger.info('the database is open; taking finished runs');
    };

    const checks = {
      redis: () => connection.ping(),
      database: async () => void (await db.query('select 1')),
    };
    const module: DynamicModule = {
      module: StoreModule,
      imports: [HealthModule.forService({ checks, drain })],
      controllers: [RunsController],
      providers: [
        { provide: DATABASE, useValue: db },
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

/** A newer schema is an operator's mistake like a bad setting: by this name the launcher knows not to start again. */
function asStartFailure(cause: unknown): never {
  if (!(cause instanceof SchemaTooNewError)) throw cause;
  const failure = new Error(cause.message, { cause });
  failure.name = 'ConfigError';
  throw failure;
}
