import { connectRedis, overloadGap, redisRunLog, type RedisConnection } from '#libs/bus';
import type { Config } from '#libs/config';
import type { RunLog } from '#libs/contract';
import { Metrics, redisNews, type Closers, type Drain, type Logger } from '#libs/platform';
import type { Tracing } from '#libs/tracing';
import type { ServerTools } from '#libs/tools';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { ActiveRuns } from './active-runs.js';
import type { ModelRoutes } from './models/model-routes.js';
import { openModelRoutes, type ModelsReload } from './models/open-model-routes.js';
import { openServerTools } from './server-tools.js';
import { WorkerMeters } from './worker-meters.js';

export interface WorkerParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly closers: Closers;
  readonly drain: Drain;
  readonly version: string;
  readonly reload: ModelsReload;
  /** Absent: this deployment does not trace. */
  readonly tracing?: Tracing | undefined;
}

/** What the modules of the worker share. */
export interface WorkerCore extends WorkerParts {
  /** Unique to this process: no earlier or later worker has the same id. */
  readonly workerId: string;
  readonly metrics: Metrics;
  readonly meters: WorkerMeters;
  readonly connection: RedisConnection;
  readonly subscriber: RedisConnection;
  readonly log: RunLog;
  readonly active: ActiveRuns;
  readonly routes: ModelRoutes;
  readonly tools: ServerTools;
  /** Milliseconds between two writes of the same run; it grows while the process is overloaded. */
  readonly deltaGapMs: ReturnType<typeof overloadGap>;
}

/** Connects to Redis and starts the tools. Throws an Error that names the mistake in the configuration. */
export function workerCore(parts: WorkerParts): WorkerCore {
  const { config, logger, closers, drain, version } = parts;
  const metrics = new Metrics({ service: 'worker', version, isDraining: () => drain.draining });
  const meters = new WorkerMeters(metrics, logger);
  const news = redisNews(logger, meters);
  const redis = { ...news, url: config.redis.url, prefix: config.redis.prefix };
  const connection = closers.own(connectRedis({ ...redis, role: 'worker' }), (c) => c.close());
  const subscriber = closers.own(connectRedis({ ...redis, role: 'subscriber' }), (c) => c.close());
  const log = redisRunLog(connection);
  const tools = closers.own(openServerTools(config, version, logger), (t) => t.close());
  const workerId = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
  const routes = openModelRoutes({ ...parts, meters, connection, workerId });
  const redisAndLog = { connection, subscriber, log, active: new ActiveRuns(log), deltaGapMs: overloadGap() };
  return { ...parts, ...redisAndLog, workerId, metrics, meters, routes, tools };
}
