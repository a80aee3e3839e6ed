import { Public } from '#libs/platform';
import { Controller, Get, Header, Inject } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
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

/** The same report for people who have the admin token and no key. */
@Public()
@Controller('internal/stats')
export class StatsController {
  constructor(@Inject(REPORT) private readonly report: () => Promise<HealthReport>) {}

  @Get()
  @RouteConfig({ operators: 'admin' })
  @Header('cache-control', 'no-store')
  stats(): Promise<HealthReport> {
    return this.report();
  }
}
