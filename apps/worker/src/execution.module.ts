import {
  bullPersistQueue,
  bullRunQueue,
  persistCollector,
  redisApprovalMemory,
  redisSessionTurns,
  redisSpendLedger,
  redisWorkerRegistry,
  runWriters,
  startRunWorker,
  watchControl,
  type RunWorker,
} from '#libs/bus';
import { GatewayError, LIMITS, toRunError } from '#libs/contract';
import { conversationOf, historyReader } from '#libs/history';
import { endRun, settleEnded } from '#libs/runs';
import { toldSeldom } from '#libs/platform';
import { storeClient } from '#libs/store-client';
import { Module, type DynamicModule } from '@nestjs/common';
import { approvalPolicy } from './approval-policy.js';
import { LastAttempts } from './last-attempts.js';
import { ModelShare } from './models/model-share.js';
import { modelPrices } from './models/spend-terms.js';
import { processRun, type AttemptPorts } from './process-run.js';
import { sessionOf } from './session-of.js';
import type { WorkerCore } from './worker-core.js';

/** Takes runs from the queue and executes them. */
@Module({})
export class ExecutionModule {
  static for(core: WorkerCore): DynamicModule {
    const { config, drain, closers, meters, active, deltaGapMs } = core;
    const ports = attemptPorts(core);
    watchControl(core.subscriber, core.workerId, (runId) => void active.look([runId]));
    active.start();
    closers.own(active, (runs) => runs.stop());
    meters.watch({ active: () => active.count, capacity: config.worker.concurrency, deltaGapMs });
    const worker = startTakingRuns(core, ports);
    // A worker without a model takes nothing: it would end as failed what others can do.
    core.routes.watch(() => worker.allow('models', core.routes.hasModels()));
    drain.onCount(() => active.count);
    // No new work from here on. Running work may finish until the drain time is over, then it is handed back.
    drain.onDrain(() => worker.drain(config.worker.drainSeconds * 1_000));
    return { module: ExecutionModule };
  }
}

function attemptPorts(core: WorkerCore): AttemptPorts {
  const { config, logger, workerId, log, active, meters, routes, tools, deltaGapMs, tracing } = core;
  const ending = endPorts(core);
  const share = new ModelShare({
    workerId,
    registry: redisWorkerRegistry(core.connection),
    log,
    serves: (model) => routes.serves(model),
    waitSeconds: config.models.rememberedSeconds,
    now: Date.now,
  });
  const history = historyReader({ log, store: storeClient(config.store).runs });
  return {
    workerId,
    log,
    writers: runWriters(meters.measureAppends(log), deltaGapMs),
    active,
    lastAttempts: new LastAttempts(log),
    approvals: {
      policy: approvalPolicy(config.approvals.rules),
      memory: ending.approvals,
      queue: ending.queue,
      timeoutSeconds: config.approvals.timeoutSeconds,
      told: (runId) => ending.persistNow.enqueue([runId]),
    },
    spending: { ledger: redisSpendLedger(core.connection), ...modelPrices(config.models, routes) },
    ending,
    settings: { ...config.agent, toolSecondsMax: LIMITS.toolSecondsMax },
    route: async ({ model, embed }) => {
      await routes.look(model);
      // Vectors of two models do not fit together.
      return routes.route(model, embed !== undefined);
    },
    prepare: (job) => routes.prepare(job),
    handOnMs: (job) => share.handOnMs(job),
    toolsFor: (spec) => tools.toolsFor({ ...spec, models: routes.entries(spec.model) }),
    conversation: (spec) => conversationOf(spec, history),
    sessionOf: (spec) => sessionOf(spec, history),
    ...(tracing && { traced: (spec, attempt) => tracing.attempt(spec, attempt) }),
    approvalRequested: ({ runId, owner }, { name, approvalId }) =>
      logger.info(
        { runId, owner, tool: name, requestId: approvalId },
        `${name} waits for approval: see /inbox, or POST /v1/runs/${runId}/approval`,
      ),
    settled: (...end) => meters.settled(...end),
    onInternalError: (runId, cause) => logger.error({ err: cause, runId }, 'a run failed through a fault of ours'),
  };
}

/** All ports that the end of a run needs. */
function endPorts({ connection, log, closers, logger }: WorkerCore) {
  const queue = closers.own(bullRunQueue(connection), (q) => q.close());
  const persist = closers.own(bullPersistQueue(connection), (q) => q.close());
  const collector = persistCollector(persist, (cause) =>
    logger.warn({ err: cause }, 'finished runs were not enqueued for the store'),
  );
  return {
    log,
    queue,
    persist: closers.own(collector, (c) => c.close()),
    persistNow: persist,
    sessionTurns: redisSessionTurns(connection),
    approvals: redisApprovalMemory(connection),
  };
}

function startTakingRuns({ config, connection, logger }: WorkerCore, ports: AttemptPorts): RunWorker {
  return startRunWorker({
    connection,
    concurrency: config.worker.concurrency,
    handle: (job) => processRun(job, ports),
    onError: toldSeldom((cause, leftOut) => logger.warn({ err: cause, leftOut }, 'run queue')),
    onFailed: (runId, cause) => {
      logger.error({ err: cause, runId }, 'a job was given up');
      const error = toRunError(new GatewayError('worker_lost', 'The run was given up: its workers died.'));
      // If this fails too, the scheduler's duty `fail-lost-runs` ends the run.
      endRun(ports.ending, { runId }, { type: 'run.failed', error })
        // The worker had ended the run, but could not settle its end.
        .then((ended) => (ended ? undefined : settleEnded(ports.ending, [{ runId }])))
        .catch((failure: unknown) => logger.error({ err: failure, runId }, 'the run could not be ended'));
    },
  });
}
