import {
  bullPersistQueue,
  bullRunQueue,
  connectRedis,
  redisApprovalMemory,
  redisFacts,
  redisRunLog,
  redisSessionTurns,
  type RedisConnection,
} from '#libs/bus';
import type { Config } from '#libs/config';
import { Metrics, redisNews, type Closers, type Drain, type Logger } from '#libs/platform';
import type { Tracing } from '#libs/tracing';
import type { DutyPorts } from './duties/duty.js';
import { SchedulerMeters } from './scheduler-meters.js';

export interface SchedulerParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly closers: Closers;
  readonly drain: Drain;
  readonly version: string;
  /** Absent: this deployment does not trace. */
  readonly tracing?: Tracing | undefined;
}

/** What the modules of the scheduler share. */
export interface SchedulerCore extends SchedulerParts {
  readonly connection: RedisConnection;
  readonly metrics: Metrics;
  readonly meters: SchedulerMeters;
  readonly ports: DutyPorts;
}

export function schedulerCore(parts: SchedulerParts): SchedulerCore {
  const { config, logger, closers, drain, version } = parts;
  const { url, prefix } = config.redis;
  const news = redisNews(logger, { redisFailed: () => meters.redisFailed() });
  // The role that fails fast: a hanging duty would keep the process from stopping, and a failed one is repeated.
  const connection = closers.own(connectRedis({ url, prefix, role: 'api', ...news }), (c) => c.close());
  const queue = closers.own(bullRunQueue(connection), (q) => q.close());
  const persist = closers.own(bullPersistQueue(connection), (q) => q.close());
  const facts = closers.own(redisFacts(connection), (f) => f.close());
  const metrics = new Metrics({ service: 'scheduler', version, isDraining: () => drain.draining });
  const meters = new SchedulerMeters(metrics, facts);
  const ports: DutyPorts = {
    log: redisRunLog(connection),
    queue,
    persist,
    sessionTurns: redisSessionTurns(connection),
    approvals: redisApprovalMemory(connection),
    logger,
    now: Date.now,
    // The other duties repeat the step.
    onUnsettled: ({ cause, runId, what }) => logger.warn({ err: cause, runId }, what),
  };
  return { ...parts, connection, metrics, meters, ports };
}
