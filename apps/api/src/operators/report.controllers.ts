import { Public } from '#libs/platform';
import { Controller, Get, Header, Inject } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { statsFields, type UpstreamRow } from '../upstreams/lingma-shapes.js';
import type { HealthReport } from './health-report.js';

/** Makes a new report. */
export const REPORT = Symbol('HEALTH_REPORT');

/** For holders of any key: whether the deployment is complete, and which part is missing. Always 200; see `status`. */
@Controller('health/detailed')
export class DetailedHealthController {
  constructor(@Inject(REPORT) private readonly report: () => Promise<HealthReport>) {}

  @Get()
  @Header('cache-control', 'no-store')
  detailed(): Promise<HealthReport> {
    return this.report();
  }
}

/** Gives a row for each upstream. */
export const POOL = Symbol('POOL');

/** The same for people who have the admin token and no key, with the upstreams. */
@Public()
@Controller('internal/stats')
export class StatsController {
  constructor(
    @Inject(REPORT) private readonly report: () => Promise<HealthReport>,
    @Inject(POOL) private readonly pool: () => Promise<readonly UpstreamRow[]>,
  ) {}

  @Get()
  @RouteConfig({ operators: 'admin' })
  @Header('cache-control', 'no-store')
  async stats(): Promise<object> {
    // What does not answer is told as null: the report itself never fails.
    const [report, upstreams] = await Promise.all([this.report(), this.pool().catch(() => null)]);
    return { ...report, upstreams, ...statsFields(upstreams, report.in_flight) };
  }
}
