import { connectRedis, redisRunLog, type RedisConnection } from '#libs/bus';
import type { Config, StoreConfig } from '#libs/config';
import type { RunLog } from '#libs/contract';
import { Metrics, redisNews, type Closers, type Drain, type Logger } from '#libs/platform';
import { migrate, pgliteDatabase, postgresDatabase, type SqlDatabase } from '#libs/store';
import { resolve } from 'node:path';
import { openDatabase, type OpeningDatabase } from './open-database.js';
import { StoreMeters } from './store-meters.js';

export interface StoreParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly closers: Closers;
  readonly drain: Drain;
  readonly version: string;
}

/** What the modules of the store share. */
export interface StoreCore extends StoreParts, OpeningDatabase {
  readonly metrics: Metrics;
  readonly meters: StoreMeters;
  readonly connection: RedisConnection;
  readonly log: RunLog;
}

/** Connects to Redis and begins to open the database; waits for neither. */
export function storeCore(parts: StoreParts): StoreCore {
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
  return { ...parts, ...opening, metrics, meters, connection, log: redisRunLog(connection) };
}

function connectTo({ databaseUrl, dataDir }: StoreConfig, logger: Logger): Promise<SqlDatabase> {
  if (databaseUrl === undefined) return pgliteDatabase({ dir: resolve(dataDir, 'pglite') });
  const onError = (cause: Error): void => logger.warn({ err: cause }, 'database connection');
  return Promise.resolve(postgresDatabase({ url: databaseUrl, onError }));
}
