import {
  bullPersistQueue,
  bullRunQueue,
  connectRedis,
  memoryPool,
  persistCollector,
  redisApprovalMemory,
  redisPoolShare,
  redisRunLog,
  redisSessionTurns,
  redisWorkerRegistry,
  overloadGap,
  runWriters,
  startRunWorker,
  watchControl,
  type PersistCollector,
  type RedisConnection,
  type RunWorker,
} from '#libs/bus';
import type { Config, ModelsConfig } from '#libs/config';
import { GatewayError, LIMITS, type ModelProvider, type RunLog, toRunError } from '#libs/contract';
import { conversationOf, historyReader } from '#libs/history';
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
import { createProvider } from '#libs/providers';
import { endRun, settleEnded } from '#libs/runs';
import { storeClient } from '#libs/store-client';
import { Module, type DynamicModule } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { ActiveRuns } from './active-runs.js';
import { announce } from './announce.js';
import { approvalPolicy } from './approval-policy.js';
import { LastAttempts } from './last-attempts.js';
import { ModelRoutes } from './model-routes.js';
import { PoolBeat } from './pool-beat.js';
import { processRun, type AttemptPorts } from './process-run.js';
import { openServerTools } from './server-tools.js';
import { sessionOf } from './session-of.js';
import { WorkerMeters } from './worker-meters.js';

export interface WorkerParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly closers: Closers;
  readonly drain: Drain;
  readonly version: string;
  /** How settings of models are read again. */
  readonly reload: { load(): ModelsConfig; onSignal(fire: () => void): void };
}

/** Composition root of the worker: connects, starts taking runs, and says how all of it stops. */
@Module({})
export class WorkerModule {
  static async start(parts: WorkerParts): Promise<DynamicModule> {
    const { config, logger, closers, drain } = parts;
    const metrics = new Metrics({ service: 'worker', version: parts.version, isDraining: () => drain.draining });
    const meters = new WorkerMeters(metrics, logger);
    const { connection, subscriber } = openRedis(parts, meters);
    const log = redisRunLog(connection);
    const active = new ActiveRuns(log);
    const deltaGapMs = overloadGap();
    const ending = openEnding(parts, connection, log);
    const workerId = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
    const routes = modelRoutes(parts, meters, { connection, workerId });
    const history = historyReader({ log, store: storeClient(config.store).runs });
    const tools = closers.own(openServerTools(config, parts.version, logger), (t) => t.close());
    const ports: AttemptPorts = {
      workerId,
      log,
      writers: runWriters(meters.measureAppends(log), deltaGapMs),
      active,
      lastAttempts: new LastAttempts(log),
      approvals: approvalParts(config, ending),
      ending,
      settings: { ...config.agent, toolSecondsMax: LIMITS.toolSecondsMax },
      route: (model) => routes.route(model),
      toolsFor: (spec) => tools.toolsFor({ ...spec, models: routes.entries(spec.model) }),
      conversation: (spec) => conversationOf(spec, history),
      sessionOf: (spec) => sessionOf(spec, history),
      settled: (...end) => meters.settled(...end),
      onInternalError: (runId, cause) => logger.error({ err: cause, runId }, 'a run failed through a fault of ours'),
    };
    watchControl(subscriber, workerId, (runId) => void active.look([runId]));
    active.start();
    closers.own(active, (runs) => runs.stop());
    meters.watch({ active: () => active.count, capacity: config.worker.concurrency, deltaGapMs });

    const silence = await announce({
      registry: redisWorkerRegistry(connection),
      info: () => ({
        id: workerId,
        version: parts.version,
        capacity: config.worker.concurrency,
        active: active.count,
        models: routes.models(),
        tools: tools.names(),
        unknownModels: config.models.unknown,
        defaultModel: config.models.defaultName,
      }),
      discover: () => routes.discover(),
      onError: (cause) => logger.warn({ err: cause }, 'the worker could not announce itself'),
    });
    const worker = startTakingRuns({ config, connection, logger, ports });
    // No new work from here on. Running work may finish until the drain time is over, then it is handed back.
    drain.onDrain(async () => {
      await Promise.all([silence(), worker.drain(config.worker.drainSeconds * 1_000)]);
    });
    const health = HealthModule.forService({ checks: { redis: () => connection.ping() }, drain });
    const counting = MetricsModule.forService(metrics, config.metrics);
    return { module: WorkerModule, imports: [health, counting, ReleaseModule.for(closers, logger)] };
  }
}

function openRedis({ config, logger, closers }: WorkerParts, meters: WorkerMeters) {
  const { url, prefix } = config.redis;
  const news = redisNews(logger, meters);
  const connection = closers.own(connectRedis({ url, prefix, role: 'worker', ...news }), (c) => c.close());
  const subscriber = closers.own(connectRedis({ url, prefix, role: 'subscriber', ...news }), (c) => c.close());
  return { connection, subscriber };
}

/** Ended runs on their way to the store. */
function collectEnded({ logger, closers }: WorkerParts, connection: RedisConnection): PersistCollector {
  const persist = closers.own(bullPersistQueue(connection), (queue) => queue.close());
  return closers.own(
    persistCollector(persist, (cause) => logger.warn({ err: cause }, 'finished runs were not enqueued for the store')),
    (c) => c.close(),
  );
}

/** Everything that the end of a run touches. */
function openEnding(parts: WorkerParts, connection: RedisConnection, log: RunLog) {
  return {
    log,
    queue: parts.closers.own(bullRunQueue(connection), (queue) => queue.close()),
    persist: collectEnded(parts, connection),
    sessionTurns: redisSessionTurns(connection),
    approvals: redisApprovalMemory(connection),
  };
}

function approvalParts(
  { approvals: { rules, timeoutSeconds } }: Config,
  { queue, approvals: memory }: ReturnType<typeof openEnding>,
): AttemptPorts['approvals'] {
  return { policy: approvalPolicy(rules), memory, queue, timeoutSeconds };
}

interface RoutesPlace {
  readonly connection: RedisConnection;
  readonly workerId: string;
}

/** The routes, kept in step with what other workers know and operators want. */
function modelRoutes(
  { config, logger, closers, reload }: WorkerParts,
  meters: WorkerMeters,
  { connection, workerId }: RoutesPlace,
): ModelRoutes {
  const open = providersOf(meters);
  const share = redisPoolShare(connection, workerId);
  const routes = new ModelRoutes(
    config.models,
    open(config.models),
    (upstream, cause) => logger.warn({ upstream, error: toRunError(cause) }, 'the upstream did not list its models'),
    { share, own: memoryPool().of(workerId), news: meters.poolNews(), now: () => performance.now() },
  );
  const beat = new PoolBeat({
    share,
    workerId,
    routes,
    reload: () => {
      const models = reload.load();
      routes.replace(models, open(models));
    },
    onReloaded: () => logger.info('the settings of models were read again'),
    onReloadFailed: (cause) => logger.error({ err: cause }, 'the new settings of models are not used'),
    onError: (cause) => logger.warn({ err: cause }, 'what workers share about pools could not be exchanged'),
  });
  closers.own(beat, (open) => open.close());
  reload.onSignal(() => beat.reload());
  return routes;
}

/** Providers by name. One whose settings are the same is used on, with its connections. */
function providersOf(meters: WorkerMeters): (models: ModelsConfig) => ReadonlyMap<string, ModelProvider> {
  let known = new Map<string, { readonly settings: string; readonly provider: ModelProvider }>();
  return ({ upstreams }) => {
    known = new Map(
      upstreams.map((upstream) => {
        const settings = JSON.stringify(upstream);
        const before = known.get(upstream.name);
        const provider =
          before?.settings === settings ? before.provider : meters.measureProvider(createProvider(upstream));
        return [upstream.name, { settings, provider }];
      }),
    );
    return new Map([...known].map(([name, { provider }]) => [name, provider]));
  };
}

interface TakingRuns {
  readonly connection: RedisConnection;
  readonly config: Config;
  readonly logger: Logger;
  readonly ports: AttemptPorts;
}

function startTakingRuns({ config, connection, logger, ports }: TakingRuns): RunWorker {
  return startRunWorker({
    connection,
    concurrency: config.worker.concurrency,
    handle: (job) => processRun(job, ports),
    onError: (cause) => logger.warn({ err: cause }, 'run queue'),
    onFailed: (runId, cause) => {
      logger.error({ err: cause, runId }, 'a job was given up');
      const error = toRunError(new GatewayError('worker_lost', 'The run was given up: its workers died.'));
      // If this fails too, the scheduler's duty `fail-lost-runs` ends the run.
      endRun(ports.ending, { runId }, { type: 'run.failed', error })
        // The worker had ended the run and could not settle the end.
        .then((ended) => (ended ? undefined : settleEnded(ports.ending, [{ runId }])))
        .catch((failure: unknown) => logger.error({ err: failure, runId }, 'the run could not be ended'));
    },
  });
}
