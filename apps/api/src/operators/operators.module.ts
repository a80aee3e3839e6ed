import type { DeploymentFacts } from '#libs/bus';
import type { Config } from '#libs/config';
import type { WorkerRegistry } from '#libs/contract';
import { MetricsModule, type Drain, type Logger, type Metrics } from '#libs/platform';
import { Module, type DynamicModule } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import type { ApiMeters } from '../edge/api-meters.js';
import type { FailedLogins } from '../edge/auth/failed-logins.js';
import type { KeyRing } from '../edge/auth/key-ring.js';
import { DASHBOARD_PATH, Operators } from '../edge/auth/operators.js';
import type { ErrorReplies } from '../edge/error-reply.js';
import type { UpstreamRow } from '../upstreams/lingma-shapes.js';
import { healthReport } from './health-report.js';
import { DetailedHealthController, POOL, REPORT, StatsController } from './report.controllers.js';

/** The sources of the reports. */
export interface ReportParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly drain: Drain;
  readonly version: string;
  readonly facts: DeploymentFacts;
  readonly registry: WorkerRegistry;
  readonly metrics: Metrics;
  readonly meters: ApiMeters;
}

/** For the people who run the gateway: metrics and reports. */
@Module({})
export class OperatorsModule {
  /** @param pool tells of the upstreams. */
  static for(parts: ReportParts, pool: { rows(): Promise<readonly UpstreamRow[]> }): DynamicModule {
    const { config, metrics } = parts;
    const report = sharedWhileRunning(() => healthReport({ ...parts, store: config.store }));
    return {
      module: OperatorsModule,
      imports: [MetricsModule.forService(metrics, config.metrics)],
      controllers: [DetailedHealthController, ...(config.auth.adminToken === undefined ? [] : [StatsController])],
      providers: [
        { provide: REPORT, useValue: report },
        { provide: POOL, useValue: sharedWhileRunning(() => pool.rows()) },
      ],
    };
  }
}

/** Access control for the operators' routes, used by the edge. */
export function operatorDoors(
  { auth, metrics }: Pick<Config, 'auth' | 'metrics'>,
  { keys, failedLogins }: { readonly keys: KeyRing; readonly failedLogins: FailedLogins },
): Operators {
  const { adminToken } = auth;
  const secrets = {
    metrics,
    ...(adminToken !== undefined && { adminToken }),
    isAdminKey: (text: string) => keys.isAdminKey(text),
  };
  return new Operators(secrets, failedLogins);
}

/** The dashboard of the queues, whose routes are not Nest's. It exists only when an admin token is set. */
export function addDashboard(
  instance: FastifyInstance,
  { config, facts, replies }: Pick<ReportParts, 'config' | 'facts'> & { readonly replies: ErrorReplies },
): void {
  if (config.auth.adminToken === undefined) return;
  const dashboard = { queues: facts.queues(), mayWrite: config.api.queueDashboardWrite, replies };
  // Loaded only when the dashboard exists.
  const load = async (scope: FastifyInstance): Promise<void> =>
    (await import('./queue-dashboard.js')).addQueueDashboard(scope, dashboard);
  void instance.register(load, { prefix: DASHBOARD_PATH });
}

/** Callers that arrive while a read is under way get its result, so a flood of requests causes few reads of Redis. */
function sharedWhileRunning<T>(look: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => (running ??= look().finally(() => (running = undefined)));
}
