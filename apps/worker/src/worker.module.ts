import {
  bullPersistQueue,
  connectRedis,
  persistCollector,
  redisRunLog,
  redisWorkerRegistry,
  runWriters,
  startRunWorker,
  watchControl,
  type RedisConnection,
  type RunLog,
  type RunWorker,
  type WorkerInfo,
} from '#libs/bus';
import type { Config } from '#libs/config';
import { LIMITS, toRunError, GatewayError } from '#libs/contract';
import { HealthModule, type Closers, type Drain, type Logger } from '#libs/platform';
import { createProvider } from '#libs/providers';
import { toolsNamed } from '#libs/tools';
import { Module, type DynamicModule } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { ActiveRuns } from './active-runs.js';
import { announce } from './announce.js';
import { ModelRoutes } from './model-routes.js';
import { processRun, type RunPorts } from './process-run.js';

export interface WorkerParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly closers: Closers;
  readonly drain: Drain;
  readonly version: string;
}

/** Composition root of the worker: connects, starts taking runs, and says how all of it stops. */
@Module({})
export class WorkerModule {
  static async start(parts: WorkerParts): Promise<DynamicModule> {
    const { config, logger, closers, drain } = parts;
    const { url, prefix } = config.redis;
    const onError = (cause: Error): void => logger.warn({ err: cause }, 'redis connection');
    const connection = closers.own(connectRedis({ url, prefix, role: 'worker', onError }), (c) => c.close());
    const subscriber = closers.own(connectRedis({ url, prefix, role: 'subscriber', onError }), (c) => c.close());
    const log = redisRunLog(connection);
    const active = new ActiveRuns(log);
    const persist = closers.own(bullPersistQueue(connection), (queue) => queue.close());
    const collector = closers.own(
      persistCollector(persist, (cause) =>
        logger.warn({ err: cause }, 'finished runs were not enqueued for the store'),
      ),
      (c) => c.close(),
    );
    const workerId = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
    const routes = modelRoutes(config, logger);
    const ports: RunPorts = {
      workerId,
      log,
      writers: runWriters(log),
      active,
      tools: toolsNamed(config.agent.tools, { fetchAllowedHosts: config.agent.fetchAllowedHosts }),
      settings: { ...config.agent, toolSecondsMax: LIMITS.toolSecondsMax },
      route: (model) => routes.route(model),
      ended: (runId) => collector.add(runId),
      onInternalError: (runId, cause) => logger.error({ err: cause, runId }, 'a run failed through a fault of ours'),
    };
    watchControl(subscriber, workerId, (runId) => void active.look([runId]));
    active.start();
    closers.own(active, (runs) => runs.stop());

    const info = (): WorkerInfo => ({
      id: workerId,
      version: parts.version,
      capacity: config.worker.concurrency,
      models: routes.models(),
      unknownModels: config.models.unknown,
      defaultModel: config.models.defaultName,
    });
    const registry = redisWorkerRegistry(connection);
    const silence = await announce({
      registry,
      info,
      discover: () => routes.discover(),
      onError: (cause) => logger.warn({ err: cause }, 'the worker could not announce itself'),
    });
    const worker = startTakingRuns({ config, connection, logger, log, ports });
    // New work stops first; what runs may finish, then it is handed back; the list entry goes at once.
    drain.onDrain(async () => {
      await Promise.all([silence(), worker.drain(config.worker.drainSeconds * 1_000)]);
    });
    const checks = { redis: () => connection.ping() };
    return { module: WorkerModule, imports: [HealthModule.forService({ checks, drain })] };
  }
}

function modelRoutes(config: Config, logger: Logger): ModelRoutes {
  const providers = new Map(config.models.upstreams.map((upstream) => [upstream.name, createProvider(upstream)]));
  return new ModelRoutes(config.models, providers, (upstream, cause) =>
    logger.warn({ upstream, error: toRunError(cause) }, 'the upstream did not list its models'),
  );
}

interface TakingRuns {
  readonly connection: RedisConnection;
  readonly config: Config;
  readonly logger: Logger;
  readonly log: RunLog;
  readonly ports: RunPorts;
}

function startTakingRuns({ config, connection, logger, log, ports }: TakingRuns): RunWorker {
  return startRunWorker({
    connection,
    concurrency: config.worker.concurrency,
    handle: (job) => processRun(job, ports),
    onError: (cause) => logger.warn({ err: cause }, 'run queue'),
    onFailed: (runId, cause) => {
      logger.error({ err: cause, runId }, 'a job was given up');
      const error = toRunError(new GatewayError('worker_lost', 'The run was given up: its workers died.'));
      // When this fails too, the scheduler's reconciler ends the run.
      log.end(runId, { type: 'run.failed', error }).then(
        (ended) => ended && ports.ended(runId),
        (failure: unknown) => logger.error({ err: failure, runId }, 'the run could not be ended'),
      );
    },
  });
}
