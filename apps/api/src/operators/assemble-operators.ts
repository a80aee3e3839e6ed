import type { DeploymentFacts } from '#libs/bus';
import type { Config } from '#libs/config';
import type { WorkerRegistry } from '#libs/contract';
import { MetricsModule, type Drain, type Logger, type Metrics } from '#libs/platform';
import type { DynamicModule, Provider, Type } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import type { FailedLogins } from '../edge/auth/failed-logins.js';
import type { KeyRing } from '../edge/auth/key-ring.js';
import type { EdgeParts } from '../edge/edge.js';
import type { ErrorReplies } from '../edge/error-reply.js';
import { watchRequests } from '../edge/request-watch.js';
import type { ApiMeters } from '../edge/api-meters.js';
import { healthReport } from './health-report.js';
import { DASHBOARD_PATH, Operators } from '../edge/auth/operators.js';
import { DetailedHealthController, REPORT, StatsController } from './report.controllers.js';

/** What this process knows of itself. */
export interface Eyes {
  readonly metrics: Metrics;
  readonly meters: ApiMeters;
}

interface OperatorParts extends Eyes {
  readonly config: Config;
  readonly logger: Logger;
  readonly drain: Drain;
  readonly version: string;
  readonly facts: DeploymentFacts;
  readonly registry: WorkerRegistry;
  readonly replies: ErrorReplies;
}

/** What the API takes from here into its own module. */
export interface AssembledOperators {
  readonly imports: readonly DynamicModule[];
  readonly controllers: readonly Type<unknown>[];
  readonly providers: readonly Provider[];
  /** For the edge: who may pass to the operators' routes, and who notes every request. */
  doors(auth: { keys: KeyRing; failedLogins: FailedLogins }): Pick<EdgeParts, 'operators' | 'watch'>;
  /** Routes that are not Nest's. */
  addPages(instance: FastifyInstance): void;
}

/** Wires everything that is for people who run the gateway: metrics, reports, the queue dashboard. */
export function assembleOperators(
  parts: OperatorParts,
  watched: Parameters<ApiMeters['watch']>[0],
): AssembledOperators {
  const { config, logger, facts, meters, metrics, replies } = parts;
  const { adminToken } = config.auth;
  meters.watch(watched);
  const report = sharedWhileRunning(() => healthReport({ ...parts, store: config.store }));
  return {
    imports: [MetricsModule.forService(metrics, config.metrics)],
    controllers: [DetailedHealthController, ...(adminToken === undefined ? [] : [StatsController])],
    providers: [{ provide: REPORT, useValue: report }],
    doors: ({ keys, failedLogins }) => ({
      operators: new Operators(
        {
          metrics: config.metrics,
          ...(adminToken !== undefined && { adminToken }),
          isAdminKey: (text) => keys.isAdminKey(text),
        },
        failedLogins,
      ),
      watch: watchRequests(meters, logger),
    }),
    addPages(instance) {
      if (adminToken === undefined) return;
      const dashboard = { queues: facts.queues(), mayWrite: config.api.queueDashboardWrite, replies };
      // Loaded only where somebody can see it.
      const load = async (scope: FastifyInstance): Promise<void> =>
        (await import('./queue-dashboard.js')).addQueueDashboard(scope, dashboard);
      void instance.register(load, { prefix: DASHBOARD_PATH });
    },
  };
}

/**
 * Whoever asks while somebody else's look is under way gets its result: a flood of requests is a few looks at Redis.
 */
function sharedWhileRunning<T>(look: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => (running ??= look().finally(() => (running = undefined)));
}
